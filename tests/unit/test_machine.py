"""How much memory there is: the machine's, or what a container may have of it."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from samvad.stages.asr import memory
from samvad.workflow import machine_limits


def system(root: Path, total_kib: int, group: str, files: dict[str, str]) -> Path:
    """Make the files in which Linux shows memory and control groups."""
    for name, text in {
        "proc/meminfo": f"MemTotal:       {total_kib} kB\nMemFree:  1 kB\n",
        "proc/self/cgroup": group,
        **{f"sys/fs/cgroup/{name}": text for name, text in files.items()},
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return root


@pytest.mark.parametrize(
    ("group", "files", "expected"),
    [
        ("0::/\n", {}, 16 * 1024 * 1000),
        ("0::/\n", {"memory.max": "max\n"}, 16 * 1024 * 1000),
        ("0::/\n", {"memory.max": "4000000\n"}, 4_000_000),
        ("0::/user/me\n", {"user/me/memory.max": "max\n", "user/memory.max": "3000000\n"}, 3_000_000),
        ("0::/user/me\n", {"user/me/memory.max": "2000000\n", "user/memory.max": "3000000\n"}, 2_000_000),
        ("4:cpu,memory:/docker/1a\n", {"memory/memory.limit_in_bytes": "5000000\n"}, 5_000_000),
        ("4:memory:/a\n", {"memory/a/memory.limit_in_bytes": "9223372036854771712\n"}, 16 * 1024 * 1000),
    ],
)
def test_the_least_limit_around_the_process_counts(
    tmp_path: Path, group: str, files: dict[str, str], expected: int
) -> None:
    assert machine_limits.memory_bytes(system(tmp_path, 16_000, group, files)) == expected


def test_a_system_without_control_groups_has_its_own_memory(tmp_path: Path) -> None:
    system(tmp_path, 16_000, "", {})
    (tmp_path / "proc/self/cgroup").unlink()
    assert machine_limits.memory_bytes(tmp_path) == 16_000 * 1024


def test_this_machine_is_read() -> None:
    assert 0 < machine_limits.memory_bytes() <= psutil.virtual_memory().total


def test_a_reserve_is_left_and_never_all_of_it() -> None:
    assert machine_limits.usable_memory_mb(16_000 << 20) == 14_400
    assert machine_limits.usable_memory_mb(2_000 << 20) == 1_500
    assert machine_limits.usable_memory_mb(100 << 20) == 1


def test_a_total_that_the_user_gave_stays() -> None:
    assert machine_limits.limits({"mem_mb", "gpu"}, look_for_gpus=True) == {}
    assert list(machine_limits.limits({"gpu"}, look_for_gpus=True)) == ["mem_mb"]


def test_the_gpus_that_may_be_used_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-1,GPU-2")
    assert machine_limits.limits({"mem_mb"}, look_for_gpus=True) == {"gpu": 2}
    assert machine_limits.limits({"mem_mb"}, look_for_gpus=False) == {}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert machine_limits.limits({"mem_mb"}, look_for_gpus=True) == {}


def test_a_batch_fits_into_the_memory_that_the_stage_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = tmp_path / "model.bin"
    with weights.open("wb") as file:
        file.truncate(3 << 30)  # as large as large-v3
    monkeypatch.setattr(memory, "free_mb", lambda device: 64_000.0)
    sizes = [memory.batch_size("auto", "cpu", weights, mb) for mb in (None, 16_000, 6_000, 3_000)]
    assert sizes[0] == sizes[1] == 8
    assert sizes[2:] == [5, 1]
    assert memory.batch_size("12", "cpu", weights, 3_000) == 12, "a number in the configuration is obeyed"
    assert memory.batch_size("auto", "cuda", weights, 3_000) == 24, "the machine's memory says nothing of the GPU's"
