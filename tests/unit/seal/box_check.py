"""Opens the box of box_test.c by its definition in box.h, with Python's `cryptography`, and prints the box that
the same keys give. Not part of a test run; it is how the known answer was made.

    python3 tests/unit/seal/box_check.py
"""
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

BOB = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")  # RFC 7748, 6.1
DRAWN = bytes(range(5, 37))
NONCE = bytes(range(37, 49))
PURPOSE = b"day key"
PLAIN = b"the key of one day"

bob = X25519PrivateKey.from_private_bytes(BOB)
drawn = X25519PrivateKey.from_private_bytes(DRAWN)
bob_public = bob.public_key().public_bytes_raw()
drawn_public = drawn.public_key().public_bytes_raw()
shared = drawn.exchange(X25519PublicKey.from_public_bytes(bob_public))
info = b"parkgate box 1\0" + PURPOSE + b"\0" + drawn_public + bob_public
key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(shared)
box = drawn_public + NONCE + AESGCM(key).encrypt(NONCE, PLAIN, None)
print(box.hex())
