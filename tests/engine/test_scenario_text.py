"""Scenarios as text, as share codes, and with the branches that a file keeps."""

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine import branches as branches_module
from engine.branches import (
    CHECKED_AT_ONCE,
    Branch,
    branches_of,
    document_with_branches,
    fork_name,
)
from engine.errors import ScenarioError
from engine.scenario import (
    Scenario,
    bundled_scenarios,
    load_scenario,
    parse_scenario,
    scenario_from_document,
)
from engine.scenario_paths import Document
from engine.scenario_text import (
    SHARE_MARK,
    is_share_code,
    scenario_of_share_code,
    scenario_text,
    share_code,
)
from engine.simulation import simulate

NAMES = [scenario.name for scenario in bundled_scenarios()]
SECOND_NS = 10**9


@pytest.mark.parametrize("name", NAMES)
def test_text_and_code_give_the_same_scenario_again(name):
    document = load_scenario(name).document
    assert parse_scenario(scenario_text(document), name).document == document
    code = share_code(document)
    assert "\n" not in code and is_share_code(f"  {code}")
    assert scenario_of_share_code(code).document == document


def test_code_survives_line_breaks_of_a_mail():
    document = load_scenario("recorded-demo").document
    code = share_code(document)
    wrapped = "\r\n".join(code[i : i + 76] for i in range(0, len(code), 76))
    assert scenario_of_share_code(f"\n {wrapped}\n").document == document


@given(st.data())
def test_damaged_code_gives_one_sentence(data):
    code = share_code(load_scenario("postcopy-pull").document)
    at = data.draw(st.integers(len(SHARE_MARK), len(code) - 1))
    sign = data.draw(st.sampled_from("AZaz09-_!é"))
    damaged = data.draw(st.sampled_from([code[:at], code[:at] + sign + code[at + 1 :]]))
    if damaged == code:
        return
    with pytest.raises(ScenarioError) as caught:
        scenario_of_share_code(damaged)
    assert len(caught.value.faults) == 1
    assert "copy the whole code again" in caught.value.faults[0]


def test_other_text_is_no_code():
    assert not is_share_code("format = 1")
    with pytest.raises(ScenarioError, match='begins with "migrascope1:"'):
        scenario_of_share_code("hello")


def test_small_code_cannot_fill_the_memory():
    packed = zlib.compress(b"a" * 2**26, 9)
    raw = zlib.crc32(packed).to_bytes(4, "big") + packed
    code = SHARE_MARK + base64.urlsafe_b64encode(raw).decode()
    with pytest.raises(ScenarioError, match="too large"):
        scenario_of_share_code(code)


def family():
    base = load_scenario("recorded-demo")
    slow = base.with_value("network.relearn_delay", "100 ms").with_change(
        6 * SECOND_NS, {"network.bandwidth": "500 Mbit/s"}
    )
    cut = slow.with_fault(7 * SECOND_NS, "link-down", "xen-2")
    return base, [Branch("slow", "", 0, slow), Branch("cut", "slow", 7 * SECOND_NS, cut)]


def test_branches_are_kept_and_do_not_change_the_run():
    base, branches = family()
    kept = document_with_branches(base, branches)
    again = parse_scenario(scenario_text(kept), "file")
    found = branches_of(again)
    assert [(b.name, b.parent, b.at_ns) for b in found] == [
        (b.name, b.parent, b.at_ns) for b in branches
    ]
    for one, other in zip(found, branches, strict=True):
        assert one.scenario.spec == other.scenario.spec
    assert simulate(again.spec).digest() == simulate(base.spec).digest()
    assert document_with_branches(again, []) == base.document


def test_branch_without_the_changes_and_faults_of_the_file_stays_without():
    base, branches = family()
    cut = branches[1].scenario
    text = scenario_text(document_with_branches(cut, [Branch("as opened", "", 0, base)]))
    found = branches_of(parse_scenario(text, "file"))[0].scenario
    assert cut.spec.changes and cut.spec.faults
    assert found.spec == base.spec
    assert simulate(found.spec).digest() == simulate(base.spec).digest()


def test_branch_that_no_file_can_keep_is_told():
    base, _ = family()
    more = [*base.document["hosts"], {"name": "xen-9"}]
    other = scenario_from_document({**base.document, "hosts": more}, "more")
    with pytest.raises(ScenarioError, match="save this branch as a scenario of its own"):
        document_with_branches(base, [Branch("more", "", 0, other)])


def test_branch_that_would_come_back_as_another_is_told_and_not_kept(
    monkeypatch: pytest.MonkeyPatch,
):
    base, branches = family()
    keep = branches_module._kept

    def keep_less(scenario: Scenario, branch: Branch) -> Document:
        """Lose what the strange branch has set."""
        table = keep(scenario, branch)
        return {k: v for k, v in table.items() if branch.name != "strange" or k != "set"}

    monkeypatch.setattr(branches_module, "_kept", keep_less)
    strange = branches[0].scenario
    with pytest.raises(ScenarioError) as caught:
        document_with_branches(base, [Branch("strange", "", 0, strange), branches[0]])
    (fault,) = caught.value.faults
    assert fault.startswith('strange: it would come back as another one ("network")')


def test_branches_come_back_equal_whichever_of_the_family_is_in_force():
    base, branches = family()
    members = [Branch("as opened", "", 0, base), *branches]
    for own in members:
        others = [replace(b, parent="") for b in members if b is not own]
        found = branches_of(
            parse_scenario(scenario_text(document_with_branches(own.scenario, others)), "file")
        )
        assert [b.scenario.spec for b in found] == [b.scenario.spec for b in others]


def test_many_branches_are_checked_some_at_a_time_and_come_back():
    base, _ = family()
    number = 2 * CHECKED_AT_ONCE + 3
    branches = [Branch("0", "", 0, base.with_value("network.bandwidth", "500 Mbit/s"))]
    for i in range(1, number):
        values = {"network.bandwidth": f"{500 + i} Mbit/s"}
        after = branches[-1].scenario.with_change(i * SECOND_NS // 4, values)
        branches.append(Branch(str(i), str(i - 1), i * SECOND_NS // 4, after))
    text = scenario_text(document_with_branches(base, branches))
    found = branches_of(parse_scenario(text, "file"))
    assert [(b.name, b.parent, b.at_ns) for b in found] == [
        (b.name, b.parent, b.at_ns) for b in branches
    ]
    for one, other in zip(found, branches, strict=True):
        assert one.scenario.spec == other.scenario.spec
    again = replace(branches[-1], name="1")
    with pytest.raises(ScenarioError) as caught:
        document_with_branches(base, [*branches[:-1], again])
    place = f'branches.{number - 1}.name = "1": must differ from the other branches'
    assert place in "\n".join(caught.value.faults)


def test_faults_of_branches_are_told_all_at_once():
    base, branches = family()
    text = scenario_text(document_with_branches(base, branches))
    text = text.replace('parent = "slow"', 'parent = "sloe"').replace('"500 Mbit/s"', '"fast"', 1)
    with pytest.raises(ScenarioError) as caught:
        branches_of(parse_scenario(text, "file"))
    told = "\n".join(caught.value.faults)
    assert 'branches.1.parent = "sloe": no branch of that name stands above' in told
    assert 'branches.0: ' in told and '"fast"' in told


def test_notes_are_read_and_need_words():
    text = scenario_text(load_scenario("recorded-demo").document)
    spec = parse_scenario(text + '\n[[notes]]\nat = "6 s"\ntext = "Look here"\n', "file").spec
    assert [(n.at_ns, n.text) for n in spec.notes] == [(6 * SECOND_NS, "Look here")]
    with pytest.raises(ScenarioError, match=r"notes\.0\.text"):
        parse_scenario(text + '\n[[notes]]\nat = "6 s"\ntext = ""\n', "file")


def test_names_of_forks_never_repeat():
    assert fork_name(6 * SECOND_NS, "", []) == "from 6 s"
    assert fork_name(0, "rate limit none", ["rate limit none"]) == "rate limit none (2)"
