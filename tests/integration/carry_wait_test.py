"""A stick before a box that does not take it, on real processes: where no agent runs the person is told so, and the file is taken as
soon as one does; where the box cannot keep the file nothing is changed."""
import unittest

import carry_test


class CarryWait(carry_test.CarryCase):
    def test_a_box_that_does_not_take_it(self):
        """No agent runs: said so, and the stick's file is taken as soon as one does. A directory that takes nothing: nothing changed."""
        park = self.park
        self.copied()
        self.cut("gate-b")
        _, new = self.person()
        file = self.make("stick-2")
        home = park.agent_home("gate-b")
        (home / "carry.in.new").mkdir()
        self.refused(file, 1, f"{file} could not be taken: Is a directory; nothing was changed",
                     f"{file} 未能采用：Is a directory；未作任何更改")
        (home / "carry.in.new").rmdir()
        self.assertFalse((home / "carry.in").exists())
        park.agents["gate-b"].end()
        self.take_cards_away()
        self.refused(file, 3, f"the agent has not taken {file} within 60 s; does it run? it takes it as soon as it does",
                     f"代理程序在 60 秒内未处理 {file}；是否在运行？启动后会自动处理")
        park.start_agent("gate-b")
        park.agents["gate-b"].wait_event("carry_taken")
        park.agents["gate-b"].wait_event("device name=gate-b-in-badge state=1")
        self.walk("gate-b-in", new)
        park.agents["gate-b"].wait_event("lane_reported lane=gate-b-in")
        self.mend("gate-b")
        park.wait_events("the walk", {"kind": "passage", "lane": "gate-b-in", "text": "passed"})


if __name__ == "__main__":
    unittest.main()
