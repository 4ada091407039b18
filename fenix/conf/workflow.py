"""``[workflow]``: what the built-in workflows wait for, and how often they try."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

GROUP = "workflow"

MIGRATE = "MIGRATE"
LIVE_MIGRATE = "LIVE_MIGRATE"
OWN_ACTION = "OWN_ACTION"
EVICTION = "EVICTION"

_POLICY = [
    ("default_action", "its instances are moved with [workflow] default_action"),
    ("fail", "the session fails"),
]

OPTS = [
    cfg.IntOpt(
        "project_maintenance_reply",
        default=40,
        min=1,
        help="Seconds in which a project answers MAINTENANCE, PREPARE_MAINTENANCE, "
        "PLANNED_MAINTENANCE and MAINTENANCE_COMPLETE.",
    ),
    cfg.IntOpt(
        "project_scale_in_reply",
        default=600,
        min=1,
        help="Seconds in which a project answers SCALE_IN.",
    ),
    cfg.StrOpt(
        "project_without_manager",
        default="default_action",
        choices=_POLICY,
        help="What happens to a project that has instances but no alarm for Fenix's events.",
    ),
    cfg.StrOpt(
        "project_silent",
        default="fail",
        choices=_POLICY,
        help="What happens when a project's manager does not answer in time.",
    ),
    cfg.IntOpt(
        "nack_retries",
        default=3,
        min=0,
        help="How often a project that answered NACK is asked again before its NACK is final.",
    ),
    cfg.FloatOpt(
        "nack_retry_interval",
        default=10.0,
        min=0.0,
        help="Seconds between a NACK and the next question.",
    ),
    cfg.IntOpt(
        "max_lead_time", default=3600, min=0, help="Longest lead_time, seconds, that is honoured."
    ),
    cfg.IntOpt(
        "max_recovery_time",
        default=3600,
        min=0,
        help="Longest recovery_time, seconds, that is honoured.",
    ),
    cfg.IntOpt(
        "second_moves_percent",
        default=20,
        min=0,
        max=100,
        help="Share of the instances that may be moved twice so that more hosts can be "
        "maintained at once. The first host may always be emptied this way.",
    ),
    cfg.StrOpt(
        "default_action",
        default=LIVE_MIGRATE,
        choices=[MIGRATE, LIVE_MIGRATE],
        help="Action for an instance for which nobody chose one.",
    ),
    cfg.DictOpt(
        "pci_aliases",
        default={},
        help="The resource class in Placement of each PCI alias that flavors ask for "
        "(pci_passthrough:alias), as 'gpu:CUSTOM_GPU,nic:CUSTOM_PCI_8086_1563'. After Nova's "
        "[pci] alias and device_spec, with report_in_placement: its API tells neither. An "
        "alias that is not named here is left to Nova's scheduler, which refuses targets "
        "without such a device; then others are tried.",
    ),
    cfg.IntOpt(
        "max_parallel_hosts",
        default=0,
        min=0,
        help="Computes that are emptied or maintained at once; 0: as many as capacity allows.",
    ),
    cfg.IntOpt(
        "max_parallel_moves_per_host",
        default=4,
        min=1,
        help="Instances that leave one host at the same time.",
    ),
    cfg.IntOpt(
        "live_migration_wait_time",
        default=600,
        min=1,
        help="Seconds that one move (live or cold) may take before it is aborted and tried again.",
    ),
    cfg.IntOpt(
        "abort_wait_time",
        default=60,
        min=1,
        help="Seconds after live_migration_wait_time for an aborted move to have ended; then "
        "the session fails. A cold migration cannot be aborted, it has this much longer.",
    ),
    cfg.IntOpt(
        "live_migration_retries",
        default=5,
        min=0,
        help="How often a move that failed is tried again, on another target where there is one.",
    ),
    cfg.FloatOpt(
        "move_retry_interval",
        default=5.0,
        min=0.0,
        help="Seconds between a failed move and the next try; doubled each time, up to a minute. "
        "With the retries above, the tries should go on for longer than Nova's "
        "scheduler_instance_sync_interval (120 s): until then its scheduler believes that a "
        "live-migrated instance is still on the host it left, and refuses members of its "
        "anti-affinity group there.",
    ),
    cfg.IntOpt(
        "own_action_wait_time",
        default=1800,
        min=1,
        help="Seconds that a project has, after it chose OWN_ACTION, to move its instance.",
    ),
    cfg.IntOpt(
        "scale_in_rounds",
        default=3,
        min=1,
        help="How often projects are asked to scale in before the session fails for want of "
        "capacity.",
    ),
    cfg.IntOpt(
        "scale_in_saving",
        default=0,
        min=0,
        help="When projects are asked to scale in, they are asked for room for one host more than "
        "is needed as long as the session gets shorter by this many seconds; 0: never.",
    ),
    cfg.FloatOpt(
        "scale_in_settle_time",
        default=30.0,
        min=0.0,
        help="Seconds after the last ACK_SCALE_IN for the freed capacity to show in the cloud.",
    ),
    cfg.IntOpt(
        "action_timeout",
        default=3600,
        min=1,
        help="Seconds that one run of an action plug-in may take unless the plug-in says.",
    ),
    cfg.IntOpt(
        "action_retries", default=1, min=0, help="How often a failed host action is run again."
    ),
    cfg.IntOpt(
        "host_back_wait_time",
        default=300,
        min=1,
        help="Seconds for the services of a maintained host to report as up before it is used.",
    ),
    cfg.IntOpt(
        "host_maintenance_time",
        default=900,
        min=1,
        help="Seconds that a host is expected to take from the beginning of its emptying until it "
        "is back in use. Decides whether it still fits before the window_end of a session, until "
        "the session has maintained hosts to measure.",
    ),
    cfg.FloatOpt(
        "expected_move_time",
        default=30.0,
        min=0.0,
        help="Seconds that one move is expected to take, for the times of a plan (POST /v1/plan), "
        "until there are moves of past sessions to measure.",
    ),
    cfg.FloatOpt(
        "expected_answer_time",
        default=10.0,
        min=0.0,
        help="Seconds that a project is expected to take for an answer, for the times of a plan, "
        "until there are answers in past sessions to measure.",
    ),
    cfg.IntOpt(
        "member_back_wait_time",
        default=1800,
        min=1,
        help="Seconds for members of a group to come back that are down for reasons of their own "
        "and take all the places of its max_impacted_members, before the session fails.",
    ),
    cfg.IntOpt(
        "cloud_retry_time",
        default=900,
        min=1,
        help="Seconds for which a session goes on trying while the cloud's services do not "
        "answer or answer with errors, before it fails.",
    ),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the options of this section."""
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[Any]:
    """The options of this section."""
    return OPTS
