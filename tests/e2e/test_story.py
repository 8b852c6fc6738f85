"""The whole suite does its main job: one subscriber's story, step by step, on real parts."""

from tests.e2e.story import Story
from tests.support.running_suite import RunningSuite


def test_one_subscriber_s_story_runs_through_the_whole_suite(suite: RunningSuite) -> None:
    for _, step in Story(scene=suite).steps():
        for _ in step():
            pass
