"""AN10922 for AES-128 in plain Python, made by hand from the note and from FIPS 197: AES by its
field arithmetic, no library, no table that is not computed here. Prints the rows of an10922_vectors.h.

    python3 tests/unit/seal/an10922_check.py > tests/unit/seal/an10922_vectors.h
    python3 tests/unit/seal/an10922_check.py --check tests/unit/seal/an10922_vectors.h
"""
import sys


def times(a, b):
    """The product in GF(2^8) of AES."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def substitute(value):
    """SubBytes of one byte: the inverse, then the affine map."""
    inverse = next((x for x in range(1, 256) if times(x, value) == 1), 0)
    result = 0x63
    for turn in range(5):
        result ^= (inverse << turn | inverse >> (8 - turn)) & 0xFF
    return result


BOX = [substitute(value) for value in range(256)]


def round_keys(key):
    words = [list(key[at:at + 4]) for at in range(0, 16, 4)]
    constant = 1
    while len(words) < 44:
        word = list(words[-1])
        if len(words) % 4 == 0:
            word = [BOX[x] for x in word[1:] + word[:1]]
            word[0] ^= constant
            constant = times(constant, 2)
        words.append([a ^ b for a, b in zip(word, words[-4])])
    return [sum(words[at:at + 4], []) for at in range(0, 44, 4)]


def encrypt(key, block):
    keys = round_keys(key)
    state = [a ^ b for a, b in zip(block, keys[0])]
    for number in range(1, 11):
        state = [BOX[x] for x in state]
        state = [state[(at + 4 * (at % 4)) % 16] for at in range(16)]
        if number < 10:
            mixed = []
            for column in range(0, 16, 4):
                for row in range(4):
                    mixed.append(times(state[column + row], 2) ^ times(state[column + (row + 1) % 4], 3)
                                 ^ state[column + (row + 2) % 4] ^ state[column + (row + 3) % 4])
            state = mixed
        state = [a ^ b for a, b in zip(state, keys[number])]
    return bytes(state)


def double(block):
    number = int.from_bytes(block, "big") << 1
    if number >> 128:
        number = (number & (1 << 128) - 1) ^ 0x87
    return number.to_bytes(16, "big")


def subkeys(key):
    first = double(encrypt(key, bytes(16)))
    return first, double(first)


def mac(key, text, mask):
    """CBC over whole blocks, the last one masked."""
    chain = bytes(16)
    for at in range(0, len(text), 16):
        block = text[at:at + 16]
        if at + 16 == len(text):
            block = bytes(a ^ b for a, b in zip(block, mask))
        chain = encrypt(key, bytes(a ^ b for a, b in zip(block, chain)))
    return chain


def derive(key, m):
    first, second = subkeys(key)
    text = b"\x01" + m
    if len(text) == 32:
        return mac(key, text, first)
    return mac(key, (text + b"\x80").ljust(32, b"\0"), second)


def rows():
    key = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
    yield key, bytes.fromhex("04782E21801D803042F54E585020416275")
    other = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")
    for size in (1, 2, 10, 14, 15, 16, 17, 29, 30, 31):
        yield key, bytes(size)
        yield other, bytes((17 * at + size) & 0xFF for at in range(size))


def main():
    assert encrypt(bytes(range(16)), bytes.fromhex("00112233445566778899aabbccddeeff")) == \
        bytes.fromhex("69c4e0d86a7b0430d8cdb78070b4c55a"), "FIPS 197, C.1"
    text = "/* Made by an10922_check.py: master key, M, diversified key. */\n/* clang-format off */\n"
    for key, m in rows():
        text += f'{{"{key.hex()}",\n "{m.hex()}",\n "{derive(key, m).hex()}"}},\n'
    if sys.argv[1:2] == ["--check"]:
        with open(sys.argv[2], encoding="ascii") as file:
            assert file.read() == text, "the vectors are not what this program computes"
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
