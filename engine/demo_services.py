"""Sample services of the demonstration: one that became a standing one, one that waits for the resident's agreement, two inquiries."""

from collections.abc import Iterator

from engine.demo_samples import SIGNATURE, Act, Sample, called_back

SERVICE, INQUIRY = "custom_service", "inquiry"
_ASSISTANT, _OFFICER = "property_assistant", "property_officer"
_QUESTION = "电动车充电怎么收费"


def _reviewed(suppliers: tuple[str, str], price: float, content: str) -> Iterator[Act]:
    """Two suppliers asked, the opinion given and confirmed."""
    yield Act("choose_suppliers", _ASSISTANT, 10, {"suppliers": "\n".join(suppliers)})
    yield Act("consult", _ASSISTANT, 60, {"quote_result": "quoted", "price": price, "terms": "含工具、材料与保险"})
    yield Act("consult", _ASSISTANT, 70, {"quote_result": "quoted", "price": round(price * 1.2), "terms": "含工具，材料另计"})
    opinion = {"supplier_chosen": suppliers[0], "amount": price, "contract_content": content, "review_note": "报价较低，做过同类服务"}
    yield Act("review", _ASSISTANT, 90, {"review_opinion": "accept", **opinion})
    yield Act("confirm", _OFFICER, 120, {"decision": "confirm"})


def _carried_out(name: str, price: float, content: str) -> Iterator[Act]:
    """Agreed, done with its full record, paid, called back, and entered among the standing services."""
    yield Act("agree", _ASSISTANT, 200, {"agree_result": "agreed", "agree_signature": SIGNATURE})
    record = {"carried_out_by": "王师傅等二人", "steps": "先试一扇，住户验看后完成其余三扇", "materials": "清洁剂两瓶，四小时"}
    yield Act("carry_out", _ASSISTANT, 1_500, {"carry_result": "done", "carried_out_at": "2026-03-01T15:00:00+08:00", **record})
    yield Act("settle", "finance", 1_600, {"charge": price, "receipt": "SJ-0107"})
    yield from called_back(1_700)
    listed = {"standing_name": name, "standing_price": price, "standing_content": content}
    yield Act("decide_conversion", _OFFICER, 1_800, {"convert": "yes", **listed, "conversion_reason": "记录完整，多户询问同样服务"})


def _service(house: str, minutes_ago: float, name: str, content: str, wish: str, *acts: Act) -> Sample:
    wanted = {"service": "other", "service_name": name, "content": content, "individual": True, "wish": wish}
    return Sample(SERVICE, house, minutes_ago, wanted, acts)


def _inquiry(house: str, minutes_ago: float, question: str, *acts: Act) -> Sample:
    return Sample(INQUIRY, house, minutes_ago, {"question": question}, acts)


SERVICES = (
    _service(
        "C-6",
        2_900,
        "高空擦窗",
        "客厅四扇落地窗外侧擦洗",
        "家有老人，请避开午休",
        *_reviewed(("洁安保洁", "明亮保洁"), 480, "四扇落地窗内外擦洗，避开午休"),
        *_carried_out("高空擦窗", 120, "落地窗外侧擦洗，按扇计价"),
    ),
    _service(
        "D-14",
        400,
        "阳台隔音",
        "阳台加装隔音板",
        "不挡光，不改外立面",
        *_reviewed(("静音工程", "安居装饰"), 2_600, "室内侧透明隔音板两块，包安装"),
    ),
    _inquiry(
        "A-9",
        1_500,
        _QUESTION,
        Act("look_up", "customer_service", 3, {"lookup_result": "unknown"}),
        Act("ask_upward", "cs_supervisor", 10, {"upward_result": "study"}),
        Act("promise", "customer_service", 15, {"promised": True, "reach_by": "手机"}),
        Act("study", "project_manager", 600, {"answer": "每度一元二角，扫码付款"}),
        Act("give_answer", "customer_service", 620, {"answer": "每度一元二角，扫码付款", "told_by": "telephone"}),
        Act("decide_entry", "cs_supervisor", 700, {"enter": "yes", "entry_question": _QUESTION, "entry_answer": "每度一元二角，扫码付款"}),
    ),
    _inquiry("B-17", 6, "电动车充电多少钱一度"),
)
