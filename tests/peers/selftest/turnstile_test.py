"""The emulated turnstile keeps its register map and turns only as an arm can: the real libmodbus writes
and reads over TCP and RTU, people move by the control socket, the logs are compared line by line."""
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from modbus_client import ILLEGAL_ADDRESS, ILLEGAL_VALUE, Client, ModbusError  # noqa: E402
from peerlib import Peer, directory  # noqa: E402

PROGRAM = os.path.join(os.environ["PEERS_DIR"], "peer-turnstile")
LANES = ("--lane", "in1:coil=0,passage=0,tamper=1,button=2,held=3",
         "--lane", "out1:coil=1,passage=4,button=5,display=3")


class Board(unittest.TestCase):
    options = ("--tcp", "127.0.0.1:0")

    def setUp(self):
        self.directory = directory()
        self.addCleanup(self.directory.cleanup)
        self.start()

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def start(self, *more):
        self.peer = Peer(PROGRAM, *self.options, *LANES, "--turn-log", self.path("turns"),
                         "--wire-log", self.path("wire"), *more, control=self.path("control"))
        self.addCleanup(self.peer.stop)

    def restart_with(self, *more):
        self.assertEqual(self.peer.stop(), 0)
        self.start(*more)

    def client(self, unit=1):
        client = Client(tcp=self.peer.ready["tcp"], unit=unit)
        self.addCleanup(client.close)
        return client

    def turn_log(self):
        with open(self.path("turns"), encoding="utf-8") as log:
            return [line.split(" ", 1)[1].rstrip() for line in log]

    def wire_log(self):
        with open(self.path("wire"), encoding="utf-8") as log:
            return [line.split(" ", 1)[1].rstrip() for line in log]

    def refuses(self, message, function, *arguments):
        with self.assertRaises(ModbusError) as caught:
            function(*arguments)
        self.assertEqual(str(caught.exception), message)


class Tcp(Board):
    def test_power_up(self):
        client = self.client()
        self.assertEqual(client.coils(0, 8), [0] * 8)
        self.assertEqual(client.inputs(0, 16), [0] * 16)
        self.assertEqual(client.input_registers(0x200, 16), [0] * 16)
        self.assertEqual(client.registers(0x300, 2), [0, 0])

    def test_flash_opens_for_one_turn_and_ends_by_itself(self):
        self.restart_with("--pulse-ms", "1500")
        client = self.client()
        client.write(0x100, 25)
        self.assertEqual(client.coils(0), [1])
        self.assertIn(client.registers(0x100)[0], range(1, 26))
        self.assertEqual(self.peer.do("push in1"), "turned turn=1 pulse=1")
        self.assertEqual(client.inputs(0), [1])
        self.assertEqual(client.input_registers(0x200), [1])
        self.peer.do("wait in1 passage off")
        self.assertEqual(self.peer.do("push in1 100"), "blocked")  # the same pulse
        self.peer.do("wait in1 relay off")
        self.assertEqual(client.coils(0), [0])
        self.assertEqual(client.registers(0x100), [0])
        self.assertEqual(client.inputs(0), [0])
        self.assertEqual(self.turn_log(), ["lane=in1 turn=1 pulse=1 kind=pass"])

    def test_flash_lasts_as_long_as_written(self):
        client = self.client()
        begin = time.monotonic()
        client.write(0x101, 3)
        self.peer.do("wait out1 relay off 5000")
        self.assertGreaterEqual(time.monotonic() - begin, 0.299)

    def test_a_push_waits_for_the_opening(self):
        client = self.client()
        client.write(0x101, 1)
        self.assertEqual(self.peer.do("wait out1 pulses 1"), "pulses=1")
        self.assertEqual(self.peer.do("push in1 0"), "blocked")
        self.peer.do("auto in1 on 20")
        client.write(0x100, 600)
        self.peer.do("wait in1 turns 1 3000")
        self.peer.do("auto in1 off")
        client.write(0x100, 600)  # still on: a longer pulse, not a new one
        self.assertEqual(self.peer.do("push in1 300"), "blocked")
        self.assertIn("pulses=1 turns=1 refused=2", self.peer.do("show in1"))
        self.peer.do("auto in1 on")
        client.write_coil(0, False)
        client.write(0x100, 600)
        self.peer.do("wait in1 turns 2 3000")
        self.assertEqual(self.turn_log(), ["lane=in1 turn=1 pulse=1 kind=pass",
                                           "lane=in1 turn=2 pulse=2 kind=pass"])

    def test_forced_and_tailgate(self):
        client = self.client()
        self.peer.do("force in1")
        self.peer.do("wait in1 passage off")
        client.write(0x100, 30)
        self.assertEqual(self.peer.do("tailgate in1"), "turned turn=3 pulse=1")
        self.assertEqual(client.input_registers(0x200), [3])
        self.assertEqual(self.peer.do("tailgate out1 0"), "blocked")
        self.assertEqual(self.turn_log(), ["lane=in1 turn=1 pulse=0 kind=forced",
                                           "lane=in1 turn=2 pulse=1 kind=pass",
                                           "lane=in1 turn=3 pulse=1 kind=tailgate"])

    def test_level_coil(self):
        client = self.client()
        client.write_coils(0, [1, 1])
        self.assertEqual(client.coils(0, 3), [1, 1, 0])
        self.assertEqual(self.peer.do("push out1"), "turned turn=1 pulse=1")
        client.write_coil(1, False)
        self.assertEqual(client.coils(0, 2), [1, 0])

    def test_other_inputs(self):
        client = self.client()
        self.peer.do("tamper in1 on")
        self.peer.do("hold in1 on")
        self.peer.do("button in1 1000")
        self.assertEqual(client.inputs(0, 4), [0, 1, 1, 1])
        self.peer.do("wait in1 button off")
        self.peer.do("hold in1 off")
        self.assertEqual(client.inputs(0, 4), [0, 1, 0, 0])
        self.assertEqual(client.input_registers(0x200, 4), [0, 1, 1, 1])
        self.assertTrue(self.peer.ask("tamper out1 on").startswith("error"))

    def test_display(self):
        client = self.client()
        first, second = "请通行 \U00020BB7", "Please pass"
        for line, text in ((0x490, first), (0x4B0, second)):
            data = text.encode("utf-16-be") + b"\0\0"
            client.write_many(line, [int.from_bytes(data[i:i + 2], "big")
                                     for i in range(0, len(data), 2)])
        client.write_many(0x480, [1, 3])
        shown = self.peer.do("show out1")
        self.assertIn("colour=green sound=double sounds=1", shown)
        self.assertIn(f'line1="{first}" line2="{second}"', shown)
        self.peer.do("wait out1 line1 '请通行 \U00020BB7' 1000")
        self.assertTrue(self.peer.ask("wait out1 colour red 10").startswith("error timeout"))
        self.assertEqual(client.registers(0x4B0, 3), [ord(c) for c in "Ple"])

    def test_addresses_and_values_that_do_not_exist(self):
        client = self.client()
        for address in (0, 0xFF, 0x108, 0x2FF, 0x302, 0x30F, 0x350, 0x700):
            self.refuses(ILLEGAL_ADDRESS, client.registers, address)
            self.refuses(ILLEGAL_ADDRESS, client.write, address, 1)
        self.refuses(ILLEGAL_ADDRESS, client.registers, 0x300, 3)
        self.refuses(ILLEGAL_ADDRESS, client.coils, 7, 2)
        self.refuses(ILLEGAL_ADDRESS, client.inputs, 32)
        self.refuses(ILLEGAL_ADDRESS, client.input_registers, 0x220)
        for address, value in ((0x100, 0), (0x100, 601), (0x300, 4), (0x301, 4)):
            self.refuses(ILLEGAL_VALUE, client.write, address, value)
        self.assertEqual(client.coils(0), [0])
        self.refuses("Target device failed to respond", self.client(unit=2).coils, 0)

    def test_wire_log(self):
        client = self.client()
        client.write(0x107, 1)
        client.write_coil(0, True)
        client.coils(0)
        client.write_many(0x300, [2, 1])
        self.refuses(ILLEGAL_ADDRESS, client.write, 0x108, 1)
        self.assertEqual(self.wire_log(), ["fn=6 addr=0x0107 values=1 answer=ok",
                                           "fn=5 addr=0x0000 values=1 answer=ok",
                                           "fn=16 addr=0x0300 values=2,1 answer=ok",
                                           "fn=6 addr=0x0108 values=1 answer=exception-2"])

    def test_mute(self):
        client = self.client()
        self.peer.do("mute on")
        self.refuses("Connection timed out", client.write, 0x100, 10)
        self.assertIn("pulses=0", self.peer.do("show in1"))
        self.peer.do("mute acts")
        self.refuses("Connection timed out", client.write, 0x100, 10)
        self.assertIn("pulses=1", self.peer.do("show in1"))
        self.peer.do("mute off")
        self.assertEqual(self.client().coils(0), [1])

    def test_vanish_and_return(self):
        client = self.client()
        client.write(0x100, 600)
        self.peer.do("vanish")
        with self.assertRaises(ModbusError):
            client.coils(0)
        with self.assertRaises(ModbusError):
            self.client()
        self.assertEqual(self.peer.do("push in1"), "turned turn=1 pulse=1")
        self.peer.do("return")
        again = self.client()
        self.assertEqual(again.coils(0), [1])
        self.assertEqual(again.input_registers(0x200), [1])

    def test_restart_is_a_power_up(self):
        self.client().write(0x100, 600)
        self.peer.do("push in1")
        self.peer.do("restart")
        client = self.client()
        self.assertEqual(client.coils(0), [0])
        self.assertEqual(client.input_registers(0x200), [0])
        self.assertEqual(self.peer.do("turns in1"), "1")

    def test_boards_without(self):
        self.restart_with("--no-flash", "--no-counters")
        client = self.client()
        self.refuses(ILLEGAL_ADDRESS, client.write, 0x100, 5)
        self.refuses(ILLEGAL_ADDRESS, client.input_registers, 0x200)
        client.write_coil(0, True)
        self.assertEqual(self.peer.do("push in1"), "turned turn=1 pulse=1")

    def test_counter_wraps(self):
        self.restart_with("--counter-start", "65535")
        client = self.client()
        self.assertEqual(client.input_registers(0x200), [65535])
        self.peer.do("force in1")
        self.assertEqual(client.input_registers(0x200), [0])

    def test_several_connections(self):
        clients = [self.client() for _ in range(4)]
        clients[0].write(0x100, 600)
        self.assertEqual([client.coils(0) for client in clients], [[1]] * 4)
        self.assertIn("connections=4", self.peer.do("board"))

    def test_bad_commands(self):
        for command in ("", "push", "push nobody", "fly in1", "auto in1 maybe", "push in1 -1"):
            self.assertTrue(self.peer.ask(command).startswith("error"), command)


class Rtu(Board):
    def setUp(self):
        self.directory = directory()
        self.addCleanup(self.directory.cleanup)
        self.options = ("--rtu", self.path("bus"), "--unit", "7")
        self.start()

    def rtu_client(self, unit=7):
        client = Client(rtu=self.path("bus"), unit=unit)
        self.addCleanup(client.close)
        return client

    def test_lane(self):
        client = self.rtu_client()
        client.write(0x100, 20)
        self.assertEqual(self.peer.do("push in1"), "turned turn=1 pulse=1")
        self.assertEqual(client.input_registers(0x200), [1])
        client.write_many(0x300, [1, 1])
        self.peer.do("wait in1 colour green")
        self.refuses(ILLEGAL_ADDRESS, client.coils, 8)

    def test_other_address_is_not_answered(self):
        self.refuses("Connection timed out", self.rtu_client(unit=8).coils, 0)
        self.assertEqual(self.rtu_client().coils(0), [0])

    def test_vanish_and_return(self):
        client = self.rtu_client()
        self.peer.do("vanish")
        with self.assertRaises(ModbusError):
            client.coils(0)
        self.assertFalse(os.path.lexists(self.path("bus")))
        self.peer.do("return")
        self.assertEqual(self.rtu_client().coils(0), [0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
