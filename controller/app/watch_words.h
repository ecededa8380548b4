/* watch_words: the watch list's journal entries in words (entry_words.h). They name authorities,
 * bundles and officers; no entry, and nobody whom one names. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "controller/app/entry_words.h"

void watch_words_authority(const ProtobufCMessage *body, struct entry_words *w);
void watch_words_begin(const ProtobufCMessage *body, struct entry_words *w);
void watch_words_slice(const ProtobufCMessage *body, struct entry_words *w);
void watch_words_close(const ProtobufCMessage *body, struct entry_words *w);
void watch_words_step(const ProtobufCMessage *body, struct entry_words *w);
