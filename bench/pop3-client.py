"""
The client of the POP3 bench: blocking reads, no event loop, so that of a round trip nearly all is the server's.
Arguments: password, depth of the pipeline, messages, rounds, then the ports to measure in turns.
Prints, for each port, messages a second with the sign-in counted.
"""
import socket
import statistics
import sys
import time

password = sys.argv[1]
depth, messages, rounds = map(int, sys.argv[2:5])
ports = sys.argv[5:]

# How many messages are fetched from one before the other has its turn.
TURN = 50
END = b"\r\n.\r\n"


class Session:
    def __init__(self, port):
        self.room = bytearray(1 << 20)
        self.view = memoryview(self.room)
        self.socket = socket.create_connection(("127.0.0.1", int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.line()
        for command in ("USER bench", "PASS " + password):
            self.socket.sendall(command.encode() + b"\r\n")
            self.line()

    def line(self):
        size = self.socket.recv_into(self.room)
        if not self.room.startswith(b"+OK") or self.room[size - 1] != 10:
            sys.exit("unexpected: %r" % bytes(self.room[:size]))

    def fetch(self, first):
        for n in range(first, first + TURN, depth):
            self.socket.sendall(b"".join(b"RETR %d\r\n" % (n + i) for i in range(depth)))
            size = ends = 0
            while ends < depth:
                more = self.socket.recv_into(self.view[size:])
                if more == 0:
                    sys.exit("the server hung up")
                # Of a single body only its end need be looked at.
                at = size + more - 5 if depth == 1 else size - 4
                ends += self.room.count(END, max(0, at), size + more)
                size += more

    def quit(self):
        self.socket.sendall(b"QUIT\r\n")
        self.line()
        self.socket.close()


def timed(act):
    start = time.perf_counter()
    result = act()
    return time.perf_counter() - start, result


sign_ins = [[] for _ in ports]
turns = [[] for _ in ports]
# Both are measured warm, as a server that has been up for a while: the first round does not count.
for count in range(rounds + 1):
    opened = [timed(lambda: Session(port)) for port in ports]
    fetched = [[] for _ in ports]
    for first in range(1, messages + 1, TURN):
        for i, (_, session) in enumerate(opened):
            fetched[i].append(timed(lambda: session.fetch(first))[0])
    for i, (took, session) in enumerate(opened):
        session.quit()
        if count > 0:
            sign_ins[i].append(took)
            turns[i] += fetched[i]

# By the median turn, so that what else the machine does falls on both alike.
for i in range(len(ports)):
    took = statistics.median(sign_ins[i]) + messages / TURN * statistics.median(turns[i])
    print(messages / took)
