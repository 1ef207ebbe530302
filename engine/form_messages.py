"""What people read when a form is not filled in right: Chinese first, English second."""

from collections.abc import Mapping
from typing import Any

_SENTENCES: Mapping[str, tuple[str, str]] = {
    "required": ("请填写“{label}”。", "Please fill in “{label}”."),
    "choose": ("请选择“{label}”。", "Please choose “{label}”."),
    "sign": ("请在“{label}”处签名。", "Please sign at “{label}”."),
    "attach": ("请上传“{label}”。", "Please attach “{label}”."),
    "tick": ("请勾选“{label}”。", "Please tick “{label}”."),
    "all": ("请逐项勾选“{label}”。", "Please tick every item of “{label}”."),
    "text": ("“{label}”应为文字。", "“{label}” should be text."),
    "too_long": ("“{label}”最多 {limit} 个字,现有 {found} 个字。", "“{label}” may have {limit} characters, but it has {found}."),
    "too_short": ("“{label}”至少 {limit} 个字,现有 {found} 个字。", "“{label}” needs {limit} characters, but it has {found}."),
    "characters": ("“{label}”含有无法保存的字符。", "“{label}” contains characters that cannot be stored."),
    "pattern": ("“{label}”的格式不对。", "“{label}” does not have the right form."),
    "email": ("“{label}”应为电子邮箱地址。", "“{label}” should be an e-mail address."),
    "telephone": ("“{label}”应为电话号码。", "“{label}” should be a telephone number."),
    "house": ("“{label}”应为房号,如 A-12。", "“{label}” should be a house such as A-12."),
    "person": ("请在“{label}”中选择人员。", "Please choose a person for “{label}”."),
    "signature": ("“{label}”应为已上传的签名。", "“{label}” should be an uploaded signature."),
    "picture": ("“{label}”应为已上传的照片或签名。", "“{label}” should be uploaded pictures."),
    "attachment": ("“{label}”应为已上传的附件。", "“{label}” should be uploaded files."),
    "too_many": ("“{label}”最多 {limit} 项。", "“{label}” may have {limit} items."),
    "number": ("“{label}”应为数字。", "“{label}” should be a number."),
    "digits": ("“{label}”最多 {limit} 位小数。", "“{label}” may have {limit} decimals."),
    "min": ("“{label}”不能小于 {limit}。", "“{label}” may not be less than {limit}."),
    "max": ("“{label}”不能大于 {limit}。", "“{label}” may not be more than {limit}."),
    "boolean": ("“{label}”应为是或否。", "“{label}” should be yes or no."),
    "choice": ("“{label}”没有“{found}”这个选项。", "“{label}” has no choice “{found}”."),
    "date": ("“{label}”应为日期,如 2026-03-02。", "“{label}” should be a date such as 2026-03-02."),
    "time": ("“{label}”应为时间,如 09:30。", "“{label}” should be a time such as 09:30."),
    "datetime": ("“{label}”应为日期和时间,如 2026-03-02T09:30。", "“{label}” should be a date and time such as 2026-03-02T09:30."),
    "unknown": ("表单里没有“{label}”这一项。", "The form has no field “{label}”."),
}
_SUMMARY = ("请更正 {count} 处:{labels}。", "Expected a form that is filled in right, but {count} fields need correcting: {labels}.")
_HIDDEN_FAILED = ("表单的显示条件无法计算:{error}", "Expected the form's conditions to be computed, but: {error}")
_MAX_LABELS = 10

CHINESE, ENGLISH = "zh", "en"


def sentence(code: str, language: str, **figures: Any) -> str:
    return _SENTENCES[code][language == ENGLISH].format(**figures)


def summary(labels: list[str], language: str) -> str:
    """One sentence about everything that is wrong."""
    english = language == ENGLISH
    named = (", " if english else "、").join(labels[:_MAX_LABELS]) + ("…" if len(labels) > _MAX_LABELS else "")
    return _SUMMARY[english].format(count=len(labels), labels=named)


def condition_failed(error: str, language: str) -> str:
    return _HIDDEN_FAILED[language == ENGLISH].format(error=error)
