"""The ledgers' page: totals, chart with its table, classes, lines; CSV and XLSX; who may read them, and what is masked."""

import csv
import io

import openpyxl
import pytest

from engine import instances, ledgers, sites
from engine.actors import Actor
from engine.tables import House
from tests.factories import Company
from tests.people import ANNA, EMMA
from tests.web.forms import CALL, FILES, PROCESS
from web.pages import ledgers as pages

LEDGER = PROCESS.replace(
    b'name="steward:searchable"', b'name="steward:ledger" value="content,valid"/><camunda:property name="steward:searchable"'
)
HARM = {**CALL, "house": "A-13", "content": "=1+1"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These pages stand on what is proved on both databases elsewhere."""
    return sqlite_url


@pytest.fixture(autouse=True)
def month(company: Company) -> None:
    company.deploy(LEDGER, **FILES)
    company.start(variables=CALL)
    company.start(variables=HARM)


def test_totals_come_first_then_days_classes_and_lines(visit):
    visitor = visit("dong").open("/ledgers?key=order&period=2026-03")
    assert visitor.texts("#figures strong") == ["2", "0", "0", "0", "0"]
    assert "03-02 2 0 0 0" in visitor.texts("#days tbody tr") and len(visitor.texts("#days tbody tr")) == 31
    assert visitor.page.cssselect("canvas")[0].get("data-chart") == "days"
    assert visitor.texts("#classes tbody tr") == ["=1+1 1 0", "厨房漏水 1 0"]
    assert [row.split()[0] for row in visitor.texts("#lines tbody tr")] == ["WX-S1-202603-0001", "WX-S1-202603-0002"]
    assert visitor.open("/ledgers?key=order&period=2026-W11").texts("#figures strong")[0] == "0"


def test_supervisors_and_auditors_find_it_in_the_menu_and_nobody_else_does(visit):
    for login in ("dong", "fang", "emma"):
        assert "台账" in visit(login).open("/ledgers?key=order").text("nav")
    assert "台账" not in visit("anna").open("/inbox").text("nav")
    for login in ("anna", "hua", "guo"):
        visit(login).open("/ledgers?key=order", status=403)
        visit(login).open("/ledgers/csv?key=order", status=403)


def test_another_site_process_or_period_is_refused(visit):
    visitor = visit("dong")
    visitor.open("/ledgers?key=order&site=S2", status=404)
    visitor.open("/ledgers/xlsx?key=order&site=S2", status=404)
    visitor.open("/ledgers?key=nothing", status=404)
    visitor.open("/ledgers/pdf?key=order", status=404)
    visitor.open("/ledgers?key=order&period=2026-99", status=422)


def test_a_csv_is_for_spreadsheets_and_nothing_in_it_is_reckoned(visit):
    content = visit("emma").open("/ledgers/csv?key=order&period=2026-03").answer
    assert content.data.startswith(b"\xef\xbb\xbf") and "filename=order-2026-03.csv" in content.headers["Content-Disposition"]
    heads, first, second = list(csv.reader(io.StringIO(content.data.decode("utf-8-sig"))))
    assert heads[:3] == ["单号", "标题", "发生时间"] and first[0] == "WX-S1-202603-0001" and first[3] == "2026-03-02 09:00"
    assert "'=1+1" in second and not any(cell.startswith("=") for cell in second)


def test_an_xlsx_reads_back_with_texts_and_no_formulas(visit):
    answer = visit("emma").client.get("/ledgers/xlsx?key=order&period=2026-03")
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.data)).active.iter_rows())
    assert [row[0].value for row in rows] == ["单号", "WX-S1-202603-0001", "WX-S1-202603-0002"]
    harmful = [cell for cell in rows[2] if cell.value == "=1+1"]
    assert harmful and all(cell.data_type != "f" for cell in harmful)


def test_names_and_numbers_are_masked_by_post_on_the_page_and_in_files(visit):
    for login, shown, hidden in [("emma", "13800001234", "138****1234"), ("fang", "138****1234", "13800001234")]:
        visitor = visit(login).open("/ledgers?key=order&period=2026-03")
        assert shown in visitor.text("#lines") and hidden not in visitor.text("#lines")
        assert ("李雷" in visitor.text("#lines")) == (login == "emma")
        file = visitor.open("/ledgers/csv?key=order&period=2026-03").answer.data.decode("utf-8-sig")
        assert shown in file and hidden not in file and ("李雷" in file) == (login == "emma")


def test_the_register_says_who_recorded_and_who_did_which_step(company: Company, visit):
    properties = b'<extensionElements><camunda:properties><camunda:property name="steward:ledgerStep" value="%s"/>'
    step = b'name="Repair" camunda:candidateGroups="technician" camunda:formRef="repair">'
    named = step + properties % "维修人 | Repaired by".encode() + b"</camunda:properties></extensionElements>"
    company.deploy(LEDGER.replace(step, named), **FILES)
    company.complete("repair", ANNA, {"result": "done", "done_text": "换阀"}, company.start(variables=CALL))
    heads, *_, line = csv.reader(io.StringIO(visit("emma").open("/ledgers/csv?key=order&period=2026-Q1").answer.data.decode("utf-8-sig")))
    assert dict(zip(heads, line, strict=True))["维修人"] == "Anna" and "登记人" in heads


def test_a_year_tells_valid_complaints_of_a_thousand_houses_and_the_limit_of_the_site(company: Company, visit):
    with company.database.transaction() as session:
        session.add_all(House(site="S1", code=f"Z-{number}", address="") for number in range(50))
        sites.set_variable(session, "S1", "complaint_valid_limit", 20, Actor.system("cli"), company.now)
    case = company.start(variables=CALL)
    with company.database.transaction() as session:
        instances.set_variables(session, case, {"valid": True}, "核实", EMMA, company.now)
    visitor = visit("emma").open("/ledgers?key=order&period=2026")
    assert visitor.text("#valid") == "1 有效投诉 20.0‰ 有效投诉率 按 50 户计，须低于 20.0‰"
    assert [row.split()[:2] for row in visitor.texts("#days tbody tr")][:3] == [["2026-01", "0"], ["2026-02", "0"], ["2026-03", "3"]]
    assert not visitor.open("/ledgers?key=order&period=2026-Q1").texts("#valid") and len(visitor.texts("#days tbody tr")) == 13


def test_a_long_ledger_goes_by_the_disk_and_arrives_whole_and_one_too_long_for_a_sheet_is_refused(visit, monkeypatch):
    emma = visit("emma")
    short = emma.client.get("/ledgers/csv?key=order&period=2026-03")
    monkeypatch.setattr(pages, "IN_MEMORY", 10)
    monkeypatch.setattr(pages, "BLOCK", 7)
    monkeypatch.setattr(ledgers, "AT_ONCE", 1)
    long = emma.client.get("/ledgers/csv?key=order&period=2026-03")
    assert long.data == short.data and long.content_length == len(long.data) and long.data.count(b"\r\n") == 3
    monkeypatch.setattr(pages, "SHEET", 2)
    assert emma.client.get("/ledgers/xlsx?key=order&period=2026-03").status_code == 413
