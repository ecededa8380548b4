"""A line that a test can cut: TCP connections taken here and passed on, byte by byte.

    proxy = Proxy("127.0.0.1", 7000)
    proxy.port          # where to connect in place of 7000
    proxy.cut()         # connections end; new ones are taken and heard by nobody
    proxy.join()        # new ones are passed on again
    proxy.flap()        # both, until somebody has connected anew
"""
import contextlib
import selectors
import socket
import struct
import threading

from park import Park, until

PIECE = 65536


class Proxy:
    def __init__(self, host, port):
        self.target = (host, port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock, self.joined, self.ended = threading.Lock(), True, False
        self.pairs = {}  # socket: the other one, None while nobody hears it
        self.answered = 0  # connections on which the other side has said something
        self.said = set()
        self.wake_here, self.wake_there = socket.socketpair()
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(self.wake_there, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def cut(self):
        """All connections end at once, by a reset."""
        with self.lock:
            self.joined = False
            for end in list(self.pairs):
                self._drop(end)
        self._wake()

    def join(self):
        """Whoever called while it was cut has to call again."""
        with self.lock:
            self.joined = True
            for end in list(self.pairs):
                if self.pairs.get(end) is None:
                    self._drop(end)
        self._wake()

    def flap(self):
        """Cut and joined at once; returns when somebody has connected anew and was answered."""
        before = self.answered
        self.cut()
        self.join()
        until("somebody connects anew", lambda: self.answered > before)

    def stop(self):
        self.ended = True
        self._wake()
        self.thread.join(5)

    # --- the thread ---

    def _wake(self):
        self.wake_here.send(b".")

    def _drop(self, end):
        """It and its other end; the lock is held."""
        for one in (end, self.pairs.pop(end, None)):
            if one is None:
                continue
            self.pairs.pop(one, None)
            self.said.discard(one)
            with contextlib.suppress(OSError, KeyError, ValueError):
                self.selector.unregister(one)
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.close()

    def _take(self):
        ours, _ = self.listener.accept()
        theirs = None
        if self.joined:
            try:
                theirs = socket.create_connection(self.target, 2)
            except OSError:  # nobody is there
                ours.close()
                return
        self.said.add(theirs)
        for one, other in ((ours, theirs), (theirs, ours)):
            if one is not None:
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.pairs[one] = other
                self.selector.register(one, selectors.EVENT_READ)

    def _pass(self, end):
        other = self.pairs.get(end)
        try:
            piece = end.recv(PIECE)
            if piece and other is not None:
                other.sendall(piece)
                if end in self.said:
                    self.said.discard(end)
                    self.answered += 1
            if not piece:
                self._drop(end)
        except OSError:
            self._drop(end)

    def _run(self):
        while not self.ended:
            for key, _ in self.selector.select():
                with self.lock:
                    if key.fileobj is self.wake_there:
                        self.wake_there.recv(64)
                    elif key.fileobj is self.listener:
                        self._take()
                    elif key.fileobj in self.pairs:
                        self._pass(key.fileobj)
        with self.lock:
            for end in list(self.pairs):
                self._drop(end)
        self.listener.close()


class ParkByProxy(Park):
    """Each gate's line to the controller can be cut, and each board's by TCP."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.lines, self.board_lines = {}, {}

    def agents_endpoint(self, gate, ticket):
        host, port = super().agents_endpoint(gate, ticket).rsplit("/", 1)[1].rsplit(":", 1)
        self.lines[gate] = Proxy(host, int(port))
        return f"tcp://127.0.0.1:{self.lines[gate].port}"

    def _start_board(self, board):
        device = super()._start_board(board)
        if not board.rtu:
            host, port = board.address.rsplit(":", 1)
            line = self.board_lines[board.name] = Proxy(host, int(port))
            board.address = f"127.0.0.1:{line.port}"
        return device

    def stop(self):
        super().stop()
        for line in [*self.lines.values(), *self.board_lines.values()]:
            line.stop()
