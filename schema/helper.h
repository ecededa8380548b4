/* helper: what the agent and its helper programs (parkgate-nfc, parkgate-board, parkgate-terminal)
 * say to each other.
 *
 * One message is one datagram of a Unix SOCK_SEQPACKET socket, at most HELPER_FRAME_BYTES: version
 * (u8), kind (u8), body; integers big-endian, texts as u16 length and bytes. Both ends run on one
 * machine, so `struct mono` values (CLOCK_MONOTONIC) mean the same to both.
 *
 * Conversation. The helper connects and says HELLO. The agent answers WELCOME, and to a board also
 * BOARD (GUARDED_BOARD where a lane has a guard, which an earlier board helper skips: it then opens
 * nothing there; FIRE_BOARD where the board has a fire or reset input or a neighbour on its bus: an
 * earlier helper skips it and goes on with what it had), to a terminal's TERMINAL (its
 * configuration; again whenever it changes). Then, in any order:
 *
 *   both   HEARTBEAT every HELPER_HEARTBEAT_MS; a side not heard for HELPER_SILENCE_MS is gone
 *   nfc    READ, or PROVED at a reader that asks cards to prove themselves
 *   agent -> nfc     CARDS, after WELCOME and whenever it changes: what the reader asks of a card
 *   nfc -> agent     KEY_WANTED for the card in the field, answered by one KEY: that card's own key
 *                    (AN10922), never the master key. Both ends wipe it after use
 *   helpers -> agent   STATE, after each change and after each WELCOME
 *   agent -> board   OPEN, answered once by OPEN_RESULT
 *   board -> agent   BUTTON, answered by BUTTON_ANSWER once its event is durable; an answer always
 *                    opens, and is answered by OPEN_RESULT. Without one within LIMIT_BUTTON_MS the
 *                    board opens by itself and says so in a REPORT (late open); an answer that
 *                    comes after that gets OPEN_DUPLICATE
 *   board -> agent   REPORT, resent after each WELCOME until REPORT_ACK names its number
 *   agent -> board   INDICATE, unanswered
 *   agent -> board   RELEASE, after each BOARD and whenever it changes: the emergency state that
 *                    the agent keeps; unanswered. The board keeps it, releases and closes by it
 *   agent -> board   WATCH, of a device test: from now on LEVELS, at once and after each change
 *   agent -> terminal   CHECK; one that grants is answered once by OPEN_RESULT
 *   agent -> terminal   SUBJECT, one at a time; answered once by SUBJECT_RESULT
 *   terminal -> agent   SETTINGS, after each change and after each WELCOME
 *
 * A bus with several boards is served by one process with one connection a board: it says HELLO for
 * each of them under that board's name, with its own pid.
 *
 * Reports wait in the board helper's memory (HELPER_REPORTS_KEPT, the oldest but those of a fire is
 * dropped when full and the loss is told in STATE): they outlive the agent, not the helper itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/ids.h"
#include "schema/grant.h"
#include "schema/kinds.h"
#include "schema/limits.h"

enum {
    HELPER_VERSION = 1,
    HELPER_FRAME_BYTES = 2048,
    HELPER_HEARTBEAT_MS = 500,
    HELPER_SILENCE_MS = 2000,
    HELPER_REPORTS_KEPT = 256,
    HELPER_LANES_PER_BOARD = 16,
    HELPER_ADDRESS_SIZE = 128, /* with its NUL */
    HELPER_WORD_SIZE = 96,     /* a plain word for the operator, with its NUL */
    HELPER_LINE_SIZE = 100,    /* UTF-8 of one display line, with its NUL; shown: 32 UTF-16 units */
    HELPER_UID_BYTES = 10,
    HELPER_SUBJECT_SIZE = 40,  /* a terminal's subject id, with its NUL */
    HELPER_ACCOUNT_SIZE = 128, /* a user or a password, with its NUL */
    HELPER_PATH_SIZE = 256,    /* with its NUL */
    HELPER_AID_BYTES = 3,
    HELPER_CARD_KEY_BYTES = 16,
    HELPER_BOARDS_PER_BUS = 16,
    HELPER_LEVELS = 64,     /* inputs of a board that are looked at */
    HELPER_KEY_NO_MAX = 13, /* of a DESFire application */
};

/* Which program speaks. */
enum helper_program { HELPER_NFC = 1, HELPER_BOARD = 2, HELPER_TERMINAL = 3 };

/* Append only, never renumber: helpers of an earlier agent outlive an upgrade of it. */
enum helper_kind {
    HELPER_SAYS_HELLO = 1,
    HELPER_SAYS_WELCOME = 2,
    HELPER_SAYS_HEARTBEAT = 3,
    HELPER_SAYS_STATE = 4,
    HELPER_SAYS_READ = 5,
    HELPER_SAYS_BOARD = 6,
    HELPER_SAYS_OPEN = 7,
    HELPER_SAYS_OPEN_RESULT = 8,
    HELPER_SAYS_BUTTON = 9,
    HELPER_SAYS_BUTTON_ANSWER = 10,
    HELPER_SAYS_REPORT = 11,
    HELPER_SAYS_REPORT_ACK = 12,
    HELPER_SAYS_INDICATE = 13,
    HELPER_SAYS_TERMINAL = 14,
    HELPER_SAYS_SETTINGS = 15,
    HELPER_SAYS_CHECK = 16,
    HELPER_SAYS_SUBJECT = 17,
    HELPER_SAYS_SUBJECT_RESULT = 18,
    HELPER_SAYS_CARDS = 19,
    HELPER_SAYS_KEY_WANTED = 20,
    HELPER_SAYS_KEY = 21,
    HELPER_SAYS_PROVED = 22,
    HELPER_SAYS_GUARDED_BOARD = 23,
    HELPER_SAYS_WATCH = 24,
    HELPER_SAYS_LEVELS = 25,
    HELPER_SAYS_FIRE_BOARD = 26,
    HELPER_SAYS_RELEASE = 27,
};

struct helper_hello {
    enum helper_program program;
    struct name name; /* of the reader or board it serves */
    uint32_t pid;
};

struct helper_state {
    enum device_state state;
    char what[HELPER_WORD_SIZE];
};

/* A card came into the field. */
struct helper_read {
    uint64_t sequence; /* rises by one within one helper process */
    struct wall captured;
    uint8_t uid[HELPER_UID_BYTES];
    uint8_t uid_size; /* 4, 7 or 10 */
    bool random_uid;  /* the card makes up a new UID each time: it identifies nobody */
};

/* An input or output that a lane may lack. */
struct helper_number {
    bool present;
    uint16_t number;
};

struct helper_lane {
    struct name name;
    enum lane_direction direction;
    uint16_t open_coil;
    uint32_t open_ms; /* length of the opening pulse */
    uint32_t pass_ms; /* a grant not used for this long is "not taken" */
    struct helper_number passage;
    struct helper_number tamper;
    struct helper_number button;
    struct helper_number held;
    struct helper_number display;
    /* In GUARDED_BOARD only; else a turnstile without these inputs. */
    enum lane_actuator actuator;
    struct helper_number crush;  /* something stands in the way: must not close */
    struct helper_number manual; /* the manual release is pulled */
};

enum helper_transport { HELPER_TCP = 1, HELPER_RTU = 2 };

struct helper_board {
    enum helper_transport transport;
    char address[HELPER_ADDRESS_SIZE]; /* numeric "host:port", "[v6]:port", or a serial device */
    uint8_t unit;
    uint32_t baud; /* rtu, 8N1 */
    uint16_t poll_ms;
    bool has_flash;
    bool has_counters;
    bool has_displays;
    uint16_t flash_base;
    uint16_t counter_base;
    uint16_t display_base;
    uint8_t lane_count;
    struct helper_lane lanes[HELPER_LANES_PER_BOARD];
    /* In FIRE_BOARD only. */
    struct helper_number fire;  /* the fire panel's loop; fire is when it opens ... */
    struct helper_number reset; /* key switch that ends the latched state */
    bool fire_closes;           /* ... or, with this, when it closes */
    bool fire_broadcast;        /* rtu: exits' coils may be written to all units at once */
    uint8_t bus_boards;         /* boards on its bus, this one counted */
};

/* The emergency state of the park as far as this board is concerned. A lower number than the newest
 * one taken says nothing. */
struct helper_release {
    uint64_t number;
    enum emergency_state state; /* else than none: the exits below are released */
    bool end;                   /* a person's key ended it: the board's own latch ends, too */
    bool admits;                /* the park: entries run on, in a fire too */
    uint8_t lane_count;
    struct name lanes[HELPER_LANES_PER_BOARD];
};

struct helper_open {
    struct name lane;
    struct grant_id grant;
    struct mono expires; /* opens nothing at or after this */
    enum lane_direction direction;
};

enum open_result {
    OPEN_DONE = 1,         /* the board confirmed the write */
    OPEN_EXPIRED = 2,      /* came too late: nothing was opened */
    OPEN_DUPLICATE = 3,    /* this grant was seen before: nothing was opened again */
    OPEN_UNKNOWN_LANE = 4, /* not a lane of this board */
    OPEN_SILENT = 5,       /* no answer of the board; if it opened, a report follows */
    OPEN_REFUSED = 6,      /* no link to the board, or it answered that it cannot */
    OPEN_QUEUE_FULL = 7,   /* LANE_QUEUE_MAX grants wait for their passage */
    OPEN_LOST = 8,         /* made by the agent's end only: the helper went before it answered */
    OPEN_HUNG_UP = 9, /* made by the agent's end only: the camera that asked was gone; not opened */
    OPEN_EMERGENCY = 10, /* fire or emergency: entries stay closed */
};

struct helper_open_result {
    struct name lane;
    struct grant_id grant;
    enum open_result result;
};

struct helper_button {
    struct name lane;
    uint64_t press; /* rises; starts from the wall clock, so that a restart does not repeat one */
    struct wall at;
};

struct helper_button_answer {
    struct name lane;
    uint64_t press;
    struct grant_id grant;
};

enum report_kind {
    REPORT_PASSAGE = 1,   /* what the lane machine saw: `passage` */
    REPORT_LATE_OPEN = 2, /* an exit button opened without the agent: `press` */
    REPORT_TAMPER = 3,    /* the lane's tamper input: `on` */
    REPORT_FIRE = 4,      /* `fire`, of the board that `lane` names; `on`: by its inputs */
};

struct helper_report {
    uint64_t number; /* rises; starts from the wall clock, so that a restart does not repeat one */
    enum report_kind kind;
    struct name lane;
    struct wall at; /* when it was seen; of a late passage: when the board came back */
    bool late;      /* found after an outage of the board, or made without the agent */
    bool on;
    enum passage_kind passage;
    enum lane_direction direction; /* of its grant; without one the lane's */
    struct grant_id grant;         /* none: no grant, or one by `press` */
    uint64_t press;                /* the button press that opened; 0 none */
    enum fire_change fire;         /* of REPORT_FIRE */
};

struct helper_report_ack {
    uint64_t number;
};

enum indicator_colour { COLOUR_OFF = 0, COLOUR_GREEN = 1, COLOUR_RED = 2, COLOUR_YELLOW = 3 };
enum indicator_sound { SOUND_NONE = 0, SOUND_SHORT = 1, SOUND_LONG = 2, SOUND_DOUBLE = 3 };

struct helper_indicate {
    struct name lane;
    enum indicator_colour colour;
    enum indicator_sound sound;
    char line1[HELPER_LINE_SIZE]; /* UTF-8; cut at 32 UTF-16 units */
    char line2[HELPER_LINE_SIZE];
    uint32_t show_ms; /* then dark and empty; 0: until the next one */
};

/* Where a face terminal is, and the account that it asks for. */
struct helper_terminal {
    char url[HELPER_ADDRESS_SIZE]; /* "http://host:port" or "https://host:port", no path */
    char user[HELPER_ACCOUNT_SIZE];
    char password[HELPER_ACCOUNT_SIZE];
    char ca_file[HELPER_PATH_SIZE]; /* https: who vouches for the terminal; "" the system's list */
};

/* What the terminal says of who decides at its door. */
struct helper_settings {
    bool read;          /* false: it does not answer, or not so that we understand */
    bool remote_check;  /* remoteCheckDoorEnabled: it asks before it opens */
    bool offline_opens; /* offlineDevCheckOpenDoorEnabled: it opens by itself when nobody answers */
};

/* The answer to a terminal that asks. */
struct helper_check {
    struct name lane;
    struct grant_id grant; /* the event whose verdict this is */
    uint64_t serial; /* serialNo of the terminal's event; 0: it did not ask, open all the same */
    bool granted;
    struct mono expires; /* opens nothing at or after this */
};

struct helper_subject {
    uint64_t number; /* of the order */
    enum subject_order order;
    char subject[HELPER_SUBJECT_SIZE];
    struct wall until; /* add: end of validity; 0 none */
};

struct helper_subject_result {
    uint64_t number;
    enum subject_state state; /* wanted: the terminal did not answer; to be ordered again */
    char what[HELPER_WORD_SIZE];
};

/* What a reader asks of a card. Nothing of it is secret. */
struct helper_cards {
    bool desfire; /* cards prove themselves; else they are read by their UID alone */
    uint8_t aid[HELPER_AID_BYTES]; /* as it goes over the air */
    uint8_t key_no;
    bool has_uid_key; /* a card that draws a new UID each time gives its own under this key */
    uint8_t uid_key_no;
    uint32_t limit_ms; /* a slower proof may be relayed */
};

enum helper_key_kind {
    HELPER_KEY_OF_CARD = 1, /* of the card with this UID */
    HELPER_KEY_OF_UIDS = 2, /* the application's, that only opens GetCardUID; UID empty */
};

struct helper_key_wanted {
    uint64_t request; /* rises by one within one helper process */
    enum helper_key_kind which;
    uint8_t uid[HELPER_UID_BYTES];
    uint8_t uid_size; /* 4, 7 or 10; 0 for HELPER_KEY_OF_UIDS */
};

struct helper_key {
    uint64_t request;
    bool found; /* false: the agent has none, and says so in the reader's state */
    uint8_t key[HELPER_CARD_KEY_BYTES];
};

/* A READ with what the card proved. The UID is the card's own, once it is known. */
struct helper_proved {
    struct helper_read read;
    enum card_proof proof;
    uint32_t exchange_ms; /* the slowest of its authentications; 0 there was none */
};

/* What a board's inputs are, as it was seen last. */
struct helper_levels {
    uint64_t levels; /* bit by input */
    uint64_t looked; /* these are a lane's, the others were not looked at */
    bool has_counters;
    uint16_t edges[HELPER_LEVELS]; /* counters of the board */
};

struct helper_message {
    enum helper_kind kind;
    union {
        struct helper_hello hello;
        struct helper_state state;
        struct helper_read read;
        struct helper_board board;
        struct helper_open open;
        struct helper_open_result open_result;
        struct helper_button button;
        struct helper_button_answer button_answer;
        struct helper_report report;
        struct helper_report_ack report_ack;
        struct helper_indicate indicate;
        struct helper_terminal terminal;
        struct helper_settings settings;
        struct helper_check check;
        struct helper_subject subject;
        struct helper_subject_result subject_result;
        struct helper_cards cards;
        struct helper_key_wanted key_wanted;
        struct helper_key key;
        struct helper_proved proved;
        struct helper_levels levels;
        struct helper_release release;
    };
};

/* Writes `message` into `out`. Every message of valid fields fits; an unknown kind or a text
 * without its NUL is our own bug and aborts. Returns the frame's size. */
size_t helper_pack(const struct helper_message *message, uint8_t out[HELPER_FRAME_BYTES]);

/* ERR_UNSUPPORTED: another version or an unknown kind, to be skipped. ERR_CORRUPT: too short, too
 * long, or a value outside its range; the sender is broken and is to be cut off. */
MUST_CHECK enum err helper_unpack(struct bytes frame, struct helper_message *ret_message,
                                  struct fault *fault);

/* HELPER_SAYS_BOARD, or HELPER_SAYS_GUARDED_BOARD if a lane is more than a turnstile, or
 * HELPER_SAYS_FIRE_BOARD if the board has a fire or reset input or is not alone on its bus. */
enum helper_kind helper_board_kind(const struct helper_board *board);
/* The message carries a board's setup. */
bool helper_says_board(const struct helper_message *message);

/* Every field is the same. */
bool helper_board_equal(const struct helper_board *a, const struct helper_board *b);

/* Stable lower-case words for logs and for the operator: "expired", "unknown-lane". */
const char *helper_open_result_name(enum open_result result);
