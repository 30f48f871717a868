"""Surveys: an Indexed Job of shards, and a Job that merges them."""

from charts.rendering import component, of_kind


def check_surveys_are_whole(objects):
    """As many shards as completions are merged; exit codes mean something."""
    jobs = {component(j["spec"]["template"]): j for j in of_kind(objects, "Job")}
    if not jobs:
        return
    survey, merge = jobs["survey"]["spec"], jobs["merge"]["spec"]
    (shard,) = survey["template"]["spec"]["containers"]
    count = str(survey["completions"])
    assert survey["completionMode"] == "Indexed"
    assert {"name": "AMPHITRITE_SHARDS", "value": count} in shard["env"]
    assert survey["maxFailedIndexes"] <= survey["completions"]
    assert survey["backoffLimitPerIndex"] >= 0
    for job in (survey, merge):
        assert job["template"]["spec"]["restartPolicy"] == "Never"
        rules = job["podFailurePolicy"]["rules"]
        assert rules[0]["action"] == "Ignore"
        assert rules[0]["onPodConditions"][0]["type"] == "DisruptionTarget"
        (container,) = job["template"]["spec"]["containers"]
        for rule in rules[1:]:
            assert rule["onExitCodes"]["containerName"] == container["name"]
    actions = {
        code: rule["action"]
        for rule in survey["podFailurePolicy"]["rules"][1:]
        for code in rule["onExitCodes"]["values"]
    }
    assert actions == {2: "FailIndex", 3: "Count"}
    text = " ".join(shard["args"])
    assert "--shard auto" in text
    assert "--resume" in text
    folder, _, part = shard["command"][3].rpartition("/")
    assert part == "$(JOB_COMPLETION_INDEX).part"
    (wait,) = merge["template"]["spec"]["initContainers"]
    assert wait["command"][3:] == [folder, count]
    (merging,) = merge["template"]["spec"]["containers"]
    assert f"{folder}/*.part" in merging["args"]
    mounts = [
        [m for m in c["volumeMounts"] if m["name"] == "output"]
        for c in (shard, wait, merging)
    ]
    assert mounts[0] == mounts[1] == mounts[2]
