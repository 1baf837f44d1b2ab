"""Versions of a scenario share what they have in common, and nothing else."""

from engine.scenario import load_scenario
from engine.shared_parts import with_parts_of
from engine.specs import ChangeSpec, ScenarioSpec


def with_changes(*raw: bool | int | float) -> ScenarioSpec:
    changes = tuple(ChangeSpec(at_ns=i, set={"a": value}) for i, value in enumerate(raw))
    return load_scenario("recorded-demo").spec.model_copy(update={"changes": changes})


def values_of(spec: ScenarioSpec) -> list[object]:
    return [change.set["a"] for change in spec.changes]


def test_equal_parts_are_those_of_the_older_version() -> None:
    old, new = with_changes(1, 2), with_changes(1, 2)
    shared = with_parts_of(new, old)

    assert shared == new
    assert all(getattr(shared, name) is getattr(old, name) for name in type(old).model_fields)


def test_items_before_and_after_a_new_one_are_shared() -> None:
    old, new = with_changes(1, 2, 4), with_changes(1, 2, 3, 4)
    # An item stands where it stood: equal ones have one instant.
    old_changes = (*old.changes[:2], new.changes[3].model_copy())
    old = old.model_copy(update={"changes": old_changes})
    shared = with_parts_of(new, old)

    assert values_of(shared) == [1, 2, 3, 4]
    assert [item is new.changes[i] for i, item in enumerate(shared.changes)] == [
        False, False, True, False,
    ]  # fmt: skip
    assert shared.changes[3] is old.changes[2]


def test_an_item_that_repeats_is_not_taken_twice() -> None:
    one = with_changes(1).changes[0]
    old = with_changes(1).model_copy(update={"changes": (one, one.model_copy())})
    new = with_changes(1).model_copy(update={"changes": (one.model_copy(),)})

    assert len(with_parts_of(new, old).changes) == 1
    assert len(with_parts_of(old, new).changes) == 2


def test_equal_values_of_another_type_are_not_the_same() -> None:
    for mine, theirs in ((1, True), (1, 1.0), (0.0, False)):
        shared = with_parts_of(with_changes(mine), with_changes(theirs))
        assert [type(value) for value in values_of(shared)] == [type(mine)]
