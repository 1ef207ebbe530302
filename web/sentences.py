"""Refusals in plain words. The engine says precisely what it expected, in English; people read here what to do about it."""

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext

# What the engine says → what a person reads. Numbers of the engine's sentence fill the %(n)s in their order.
KNOWN: tuple[tuple[re.Pattern[str], Any], ...] = tuple(
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (r"^Expected at least (\d+) different characters", lazy_gettext("至少要有 %(n1)s 个不同的字符")),
        (r"^Expected at least (\d+) characters", lazy_gettext("至少要 %(n1)s 个字")),
        (r"^Expected at most (\d+) characters", lazy_gettext("最多 %(n1)s 个字")),
        (r"does not contain the login name", lazy_gettext("密码里不能包含用户名")),
        (r"^Expected a new password, but it is the current one", lazy_gettext("新密码不能和现在的一样")),
        (r"^Expected your current password", lazy_gettext("当前密码不对")),
        (r"^Expected a name of", lazy_gettext("请填写姓名（最多 100 个字）")),
        (r"^Expected 5 to 20 digits", lazy_gettext("请填写 5 到 20 位数字的电话号码")),
        (r"lower-case letters, digits", lazy_gettext("用户名用 2 到 64 个小写字母、数字或 . _ @ -")),
        (r"^Expected at least one post", lazy_gettext("请至少选择一个岗位")),
        (r"^Expected a new login name", lazy_gettext("这个用户名已经有人用了")),
        (r"^请填写原因", lazy_gettext("请填写原因")),
        (r"^最多 (\d+) 个字", lazy_gettext("最多 %(n1)s 个字")),
        (r"^请选择本项目的在职人员", lazy_gettext("请选择本项目的在职人员")),
        (r"^任务已经在这个人手上", lazy_gettext("任务已经在这个人手上")),
        (r"^Expected a running instance, but (.+) is suspended", lazy_gettext("工单 %(n1)s 已暂停，恢复后才能办理。")),
        (r"^Expected a running instance, but (.+) is \w+", lazy_gettext("工单 %(n1)s 已经结束。")),
        (r"^请选择本人以外的人", lazy_gettext("请选择本人以外的人")),
        (r"^最多 (\d+) 人", lazy_gettext("最多 %(n1)s 人")),
        (r"^请选择今后一年内的时间", lazy_gettext("请选择今后一年内的时间")),
        (r"^请填写 0 到 (\d+)", lazy_gettext("请填写 0 到 %(n1)s")),
        (r"^结束时间要晚于开始时间和现在", lazy_gettext("结束时间要晚于开始时间和现在")),
        (r"^代理最长一年", lazy_gettext("代理最长一年")),
        (r"^请选择现有的流程", lazy_gettext("请选择现有的流程")),
        (r"^Expected (\d+) minutes between two reminders", lazy_gettext("同一项任务 %(n1)s 分钟内只能催一次，请稍后再催。")),
        (r"^Expected a task that others have to do", lazy_gettext("这项任务在您自己手上，不用催办。")),
        (r"^Expected somebody who has no copy", lazy_gettext("这些人都已经收到过抄送。")),
        (r"^Expected \S+ to decide on task \d+, but it waits for the answer", lazy_gettext("任务正在请人协助，答复或收回后才能继续。")),
        (r"^Expected a task that was delegated", lazy_gettext("这项任务没有在请人协助，可能已经答复或收回。")),
        (r"^Expected a task that others may take", lazy_gettext("这项任务只给一个人，请用转办。")),
        (r"^Expected somebody who is there at that time, but (\S+) stands", lazy_gettext("这个人那段时间也不在，已由 %(n1)s 代理。")),
        (r"^Expected somebody who stands in for nobody", lazy_gettext("本人那段时间正在代理别人，请先结束那项代理。")),
        (r"^Expected nobody to stand in for \S+ at that time yet, but (\S+) does", lazy_gettext("那段时间已由 %(n1)s 代理。")),
        (
            r"^Expected a proxy that is in force, but (\S+) stood in for (\S+) until",
            lazy_gettext("您对 %(n2)s 的代理已经结束，不能再办理；您填写的内容已保存为草稿。"),
        ),
        (r"^Expected a proxy that is in force or to come", lazy_gettext("这项代理已经结束。")),
        (
            r"^Expected the activities of .+ one after another, but (\S+) has taken (.+)",
            lazy_gettext("这里的任务要逐项办理：%(n1)s 正在办“%(n2)s”。"),
        ),
        (
            r"^Expected the activities of .+ one after another, but (.+) is being done",
            lazy_gettext("这里的任务要逐项办理，请等“%(n1)s”完成。"),
        ),
        (r"^没有“(.+)”这个选项", lazy_gettext("没有“%(n1)s”这个选项。")),
        (r"^请选择(“.+)。", lazy_gettext("请选择%(n1)s。")),
        (r"^选择“(.+)”时请填写原因", lazy_gettext("请填写原因。")),
        (r"^选择“(.+)”时请签名", lazy_gettext("请签名。")),
        (r"^请重新签名", lazy_gettext("请重新签名。")),
        (r"^Expected (\S+) to have handed over", lazy_gettext("%(n1)s 还有未完的工作，请先交接，或勾选不交接也停用。")),
        (r"^Expected open work of (\S+) at (\S+), but there is none", lazy_gettext("%(n1)s 在 %(n2)s 没有未完的工作。")),
        (
            r"^Expected nothing to have happened after (.+), but (.+) has (?:completed|taken) (.+)",
            lazy_gettext("“%(n1)s”之后，%(n2)s 已经在办“%(n3)s”，不能撤回了。"),
        ),
        (r"^Expected nothing to have happened after (.+), but", lazy_gettext("“%(n1)s”之后流程已经往下走了，不能撤回了。")),
        (r"^Expected a task that was completed last, but (.+) has been", lazy_gettext("“%(n1)s”之后已经重新办理过，不能撤回了。")),
        (r"^Expected to go back to a task, but what ended it", lazy_gettext("其他分支已经结束了这一段，退不回去。")),
        (r"^Expected (.+) to be sent back to one of", lazy_gettext("“%(n1)s”不能退回到这一步，请重新选择。")),
        (r"^请选择退回到哪一步", lazy_gettext("请选择退回到哪一步")),
        (r"^Expected a task that may be approved from the list", lazy_gettext("这项任务要打开填写后才能完成。")),
        (r"^Expected somebody who decides on", lazy_gettext("前加签只给意见，不能退回，请写明意见后提交。")),
        (r"^这个人不能办理这项任务", lazy_gettext("这个人不能办理这项任务，请选择别人")),
        (r"^Expected somebody other than who did (.+), but that was", lazy_gettext("“%(n1)s”是同一个人办理的，这一步须由另一个人完成。")),
        (r"^Expected somebody else for (.+), but \S+ has signed", lazy_gettext("已签过或发起的人不能办理“%(n1)s”，须由另一个人完成。")),
        (r"^Expected somebody who is not excluded from (.+), but", lazy_gettext("与此事有利害关系的人须回避“%(n1)s”，请由其他人办理。")),
        (r"^Expected to know who is excluded from (.+), but", lazy_gettext("还不能确定谁须回避“%(n1)s”，请先补全信息或找流程管理员。")),
        (r"^不能晚于现在", lazy_gettext("不能晚于现在")),
        (r"^请填写 1 到 (\d+) 字", lazy_gettext("请填写 1 到 %(n1)s 字")),
        (r"^请填写 1 到 (\d+) 天", lazy_gettext("请填写 1 到 %(n1)s 天")),
        (r"^没有这个房号", lazy_gettext("没有这个房号")),
        (r"^请填写房号或位置", lazy_gettext("请填写房号或位置")),
        (r"^请选择要报的事", lazy_gettext("请选择要报的事")),
        (r"^请刷新页面", lazy_gettext("请刷新页面")),
        (r"^Expected a photograph, but", lazy_gettext("这不是照片，或已损坏")),
        (r"^Expected at most \d+ photographs a day", lazy_gettext("今天传的照片太多了，请明天再传")),
        (r"^请选择文件", lazy_gettext("请选择文件")),
        (r"^Expected a duration such as", lazy_gettext("请填写大于零的时长")),
        (r"^Expected a number, but", lazy_gettext("请填写数字")),
        (r"^Expected a time of day", lazy_gettext("请按 08:30 的样子填写时间")),
        (r"^Expected a text of 1 to (\d+) characters", lazy_gettext("请填写 1 到 %(n1)s 个字")),
        (r"^Expected a day between (\d+) and (\d+)", lazy_gettext("请填写 %(n1)s 到 %(n2)s 年之间的日期")),
        (r"^Expected a photograph, a PDF", lazy_gettext("只能上传照片、PDF、Word、Excel 或文本文件")),
        (r"^Expected a file of at most", lazy_gettext("文件太大")),
        (r"^Expected somebody else's login, but nobody can disable their own", lazy_gettext("不能停用自己的账号")),
    )
)


def plain(message: str) -> str:
    """The sentence for people, or the engine's own where there is none yet."""
    for pattern, sentence in KNOWN:
        found = pattern.search(message)
        if found:
            return str(sentence) % {f"n{number}": text for number, text in enumerate(found.groups(), 1)}
    return message


def of_fields(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: plain(message) for name, message in fields.items()}
