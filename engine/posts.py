"""The posts that people of a site may hold: they are the candidate groups of the processes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Post:
    key: str
    chinese: str
    english: str
    outside: bool = False  # not staff: reached by a personal link


_STAFF = (
    ("customer_service", "客服助理", "Customer service"),
    ("cs_supervisor", "客服主管", "Customer service supervisor"),
    ("engineering_supervisor", "工程主管", "Engineering supervisor"),
    ("technician", "维修技工", "Technician"),
    ("buyer", "采购", "Buyer"),
    ("finance", "财务", "Finance"),
    ("order_supervisor", "秩序维护主管", "Order supervisor"),
    ("order_officer", "秩序维护员", "Order officer"),
    ("cleaning_supervisor", "保洁主管", "Cleaning supervisor"),
    ("gardener", "绿化", "Gardener"),
    ("property_assistant", "物业助理", "Property assistant"),
    ("assistant_officer", "物业助理主任", "Assistant property officer"),
    ("property_officer", "物业主任", "Property officer"),
    ("project_manager", "项目负责人", "Project manager"),
    ("company_manager", "公司经理", "Company manager"),
    ("duty_officer", "值班员", "Duty officer"),
    ("control_room", "中控室", "Control room"),
    ("auditor", "审计", "Auditor"),
    ("process_owner", "流程负责人", "Process owner"),
    ("office", "办公室", "Office"),
    ("administration", "行政部", "Administration"),
    ("quality_inspector", "质检员", "Quality inspector"),
    ("storekeeper", "财物管理员", "Storekeeper"),
    ("butler", "私人管家", "Butler"),
    ("house_officer", "房管员", "House officer"),
)
_OUTSIDE = (
    ("supplier", "供应商", "Supplier"),
    ("developer", "地产公司", "Developer"),
    ("resident", "业主", "Resident"),
)

POSTS: dict[str, Post] = {key: Post(key, chinese, english) for key, chinese, english in _STAFF} | {
    key: Post(key, chinese, english, outside=True) for key, chinese, english in _OUTSIDE
}
FALLBACK_POST = "project_manager"  # does what nobody else is named for
