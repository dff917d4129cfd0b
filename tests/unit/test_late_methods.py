"""samvad.core.late_methods: dataclasses whose methods are made late are what dataclasses always are."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
import threading
from dataclasses import dataclass, field

import pytest

from samvad.core import late_methods
from samvad.documents.segments import Entity, Segment
from support import ROOT


def in_the_project(code: str) -> dict[str, object]:
    """Return what code defines that runs as if it stood in the project."""
    names: dict[str, object] = {"__name__": "samvad.somewhere", "dataclass": dataclass, "field": field}
    sys.modules["samvad.somewhere"] = type(sys)("samvad.somewhere")
    sys.modules["samvad.somewhere"].__dict__.update(names)
    exec(code, sys.modules["samvad.somewhere"].__dict__)
    return sys.modules["samvad.somewhere"].__dict__


CODE = """
@dataclass(frozen=True)
class One:
    "One."
    a: int
    b: list = field(default_factory=list)
    c: str = "c"

@dataclass(frozen=True)
class Two(One):
    "Two."
    d: float = 0.5
    def __post_init__(self):
        if self.a < 0:
            raise ValueError("a")

@dataclass(order=True)
class Open:
    "Open."
    a: int

@dataclass(frozen=True, slots=True)
class Slots:
    "Slots."
    a: int

@dataclass
class Named:
    "Named."
    self: int
"""


@pytest.fixture
def made() -> dict[str, object]:
    return in_the_project(CODE)


def test_nothing_is_compiled_before_it_is_called_and_then_once(made: dict[str, object]) -> None:
    one = made["One"]
    assert {vars(one)[name].__code__.co_filename for name in ("__init__", "__eq__", "__setattr__")} == {
        late_methods.__file__
    }
    one(1)
    assert vars(one)["__init__"].__code__.co_filename != late_methods.__file__, "the first call made it"
    assert vars(one)["__eq__"].__code__.co_filename == late_methods.__file__


def test_they_are_made_compared_shown_copied_and_kept_from_changes_as_ever(made: dict[str, object]) -> None:
    one, two, open_, slots = (made[name] for name in ("One", "Two", "Open", "Slots"))
    assert one(1) == one(1) and one(1) != one(2) and one(1) != two(1)
    assert repr(two(1, [2])) == "Two(a=1, b=[2], c='c', d=0.5)" and repr(one(1)) == "One(a=1, b=[], c='c')"
    assert one(1).b is not one(1).b
    assert repr(made["Named"](self=1)) == "Named(self=1)"
    assert dataclasses.replace(two(1), d=2.0) == two(1, d=2.0) and dataclasses.asdict(slots(3)) == {"a": 3}
    assert sorted([open_(2), open_(1)]) == [open_(1), open_(2)] and hash(slots(1)) == hash(slots(1))
    with pytest.raises(TypeError, match="unhashable"):
        hash(open_(1))
    with pytest.raises(ValueError, match="a"):
        two(-1)
    for item in (one(1), two(1)):
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'a'"):
            item.a = 2
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'a'"):
            del item.a
        with pytest.raises(dataclasses.FrozenInstanceError):
            item.new = 1
    with pytest.raises(TypeError, match=r"One\.__init__\(\) missing 1 required positional argument: 'a'"):
        one()
    segment = Segment(1, 0, 10, "text", "hi", entities=(Entity("A", "person", 0, 1, "own"),))
    assert copy.deepcopy(segment) == pickle.loads(pickle.dumps(segment)) == segment


def test_a_class_that_was_only_inherited_from_keeps_its_own(made: dict[str, object]) -> None:
    one, two = made["One"], made["Two"]
    assert two(1) == two(1) and one(1) == one(1)
    assert vars(two)["__init__"] is not vars(one)["__init__"]


def test_threads_that_make_the_first_one_at_once_all_get_it() -> None:
    for _ in range(20):
        one, found = in_the_project(CODE)["One"], []
        gate = threading.Barrier(8)

        def first(one: type = one, found: list[object] = found, gate: threading.Barrier = gate) -> None:
            gate.wait()
            found.append(one(1))

        threads = [threading.Thread(target=first) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [one(1)] * 8


def test_classes_of_others_are_left_alone() -> None:
    @dataclass(frozen=True)
    class Mine:
        a: int

    assert vars(Mine)["__init__"].__code__.co_filename != late_methods.__file__


def test_a_python_that_makes_methods_in_another_way_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(name: str, body: str) -> None:
        raise AssertionError

    monkeypatch.setattr(dataclasses, "_create_fn", other, raising=False)
    late_methods.begin()
    assert dataclasses._create_fn is other
    monkeypatch.delattr(dataclasses, "_create_fn")
    late_methods.begin()
    assert not hasattr(dataclasses, "_create_fn")


def test_a_stage_s_process_makes_few_of_its_classes_methods() -> None:
    code = (
        "import sys; sys.path.insert(0, 'scripts'); import dataclasses, types, samvad.runner.stage_run\n"
        "from samvad.core import late_methods\n"
        "kinds = {k for m in list(sys.modules.values()) if m.__name__.startswith('samvad')\n"
        "         for k in vars(m).values() if isinstance(k, type) and dataclasses.is_dataclass(k)}\n"
        "inits = [vars(k)['__init__'] for k in kinds if '__init__' in vars(k)]\n"
        "late = [i for i in inits if i.__code__.co_filename == late_methods.__file__]\n"
        "print(len(inits), len(late))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    classes, late = map(int, done.stdout.split())
    assert classes > 40 and late > 0.9 * classes
