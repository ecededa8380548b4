"""The real libmodbus as a client, by ctypes, so that the emulated board is tested by foreign code."""
import ctypes

LIB = ctypes.CDLL("libmodbus.so.5", use_errno=True)
LIB.modbus_new_tcp.restype = ctypes.c_void_p
LIB.modbus_new_rtu.restype = ctypes.c_void_p
LIB.modbus_strerror.restype = ctypes.c_char_p
ILLEGAL_ADDRESS = "Illegal data address"
ILLEGAL_VALUE = "Illegal data value"


class ModbusError(Exception):
    pass


class Client:
    def __init__(self, tcp=None, rtu=None, unit=1):
        if tcp:
            host, port = tcp.split(":")
            self.ctx = LIB.modbus_new_tcp(host.encode(), int(port))
        else:
            self.ctx = LIB.modbus_new_rtu(rtu.encode(), 115200, ctypes.c_char(b"N"), 8, 1)
        self.ctx = ctypes.c_void_p(self.ctx)
        LIB.modbus_set_slave(self.ctx, unit)
        LIB.modbus_set_response_timeout(self.ctx, 0, 300000)
        self._check(LIB.modbus_connect(self.ctx))

    def _check(self, result):
        if result < 0:
            raise ModbusError(LIB.modbus_strerror(ctypes.get_errno()).decode())
        return result

    def _read(self, function, kind, address, count):
        values = (kind * count)()
        self._check(function(self.ctx, address, count, values))
        return list(values)

    def coils(self, address, count=1):
        return self._read(LIB.modbus_read_bits, ctypes.c_uint8, address, count)

    def inputs(self, address, count=1):
        return self._read(LIB.modbus_read_input_bits, ctypes.c_uint8, address, count)

    def registers(self, address, count=1):
        return self._read(LIB.modbus_read_registers, ctypes.c_uint16, address, count)

    def input_registers(self, address, count=1):
        return self._read(LIB.modbus_read_input_registers, ctypes.c_uint16, address, count)

    def write_coil(self, address, on):
        self._check(LIB.modbus_write_bit(self.ctx, address, int(on)))

    def write_coils(self, address, values):
        self._check(LIB.modbus_write_bits(self.ctx, address, len(values),
                                          (ctypes.c_uint8 * len(values))(*values)))

    def write(self, address, value):
        self._check(LIB.modbus_write_register(self.ctx, address, value))

    def write_many(self, address, values):
        self._check(LIB.modbus_write_registers(self.ctx, address, len(values),
                                               (ctypes.c_uint16 * len(values))(*values)))

    def close(self):
        LIB.modbus_close(self.ctx)
        LIB.modbus_free(self.ctx)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
