#include "tests/peers/pn532_chip.h"

#include <string.h>

#define STATUS_OK      0x00
#define STATUS_TIMEOUT 0x01
#define STATUS_AUTH    0x14
#define STATUS_CONTEXT 0x27

#define AIR_SELECT_US    3000 /* REQA, anticollision, select */
#define AIR_RATS_US      2000
#define AIR_EXCHANGE_US  1000
#define AIR_TRY_US       5000 /* one try without a card */
#define AUTOPOLL_UNIT_US 150000

struct command {
    uint8_t code;
    size_t least; /* parameters it must have; fewer is a syntax error */
    void (*run)(struct pn532_chip *chip, const uint8_t *in, size_t length,
                struct pn532_answer *answer);
};

static void put(struct pn532_answer *answer, const uint8_t *bytes, size_t length)
{
    if (length > sizeof answer->data - answer->length)
        length = sizeof answer->data - answer->length;
    memcpy(answer->data + answer->length, bytes, length);
    answer->length += length;
}

static void put_byte(struct pn532_answer *answer, uint8_t byte)
{
    put(answer, &byte, 1);
}

static void put_status(struct pn532_answer *answer, uint8_t status)
{
    answer->status_at = answer->length;
    put_byte(answer, status);
}

static void run_diagnose(struct pn532_chip *chip, const uint8_t *in, size_t length,
                         struct pn532_answer *answer)
{
    switch (in[0]) {
    case 0x00: /* communication line: echo */
        put(answer, in, length);
        break;
    case 0x06: /* is the ISO 14443-4 card still there? */
        answer->after_us = AIR_EXCHANGE_US;
        put_status(answer,
                   chip->card.present && chip->target_selected ? STATUS_OK : STATUS_TIMEOUT);
        break;
    default: /* ROM, RAM and antenna tests pass */
        put_byte(answer, 0x00);
        break;
    }
}

static void run_firmware(struct pn532_chip *chip, const uint8_t *in, size_t length,
                         struct pn532_answer *answer)
{
    static const uint8_t version[] = {0x32, 0x01, 0x06, 0x07}; /* PN532 v1.6, all three protocols */

    (void)chip, (void)in, (void)length;
    put(answer, version, sizeof version);
}

static void run_general_status(struct pn532_chip *chip, const uint8_t *in, size_t length,
                               struct pn532_answer *answer)
{
    uint8_t targets = chip->target_selected ? 1 : 0;

    (void)in, (void)length;
    put_byte(answer, 0x00);
    put_byte(answer, 0x01);
    put_byte(answer, targets);
    if (targets != 0)
        put(answer, (const uint8_t[]){0x01, 0x00, 0x00, 0x00}, 4);
    put_byte(answer, 0x00);
}

static void run_read_register(struct pn532_chip *chip, const uint8_t *in, size_t length,
                              struct pn532_answer *answer)
{
    for (size_t i = 0; i + 1 < length; i += 2)
        put_byte(answer, chip->registers[in[i] << 8 | in[i + 1]]);
}

static void run_write_register(struct pn532_chip *chip, const uint8_t *in, size_t length,
                               struct pn532_answer *answer)
{
    (void)answer;
    for (size_t i = 0; i + 2 < length; i += 3)
        chip->registers[in[i] << 8 | in[i + 1]] = in[i + 2];
}

static void run_nothing(struct pn532_chip *chip, const uint8_t *in, size_t length,
                        struct pn532_answer *answer)
{
    (void)chip, (void)in, (void)length, (void)answer;
}

static void run_set_parameters(struct pn532_chip *chip, const uint8_t *in, size_t length,
                               struct pn532_answer *answer)
{
    (void)length, (void)answer;
    chip->parameters = in[0];
}

static void run_power_down(struct pn532_chip *chip, const uint8_t *in, size_t length,
                           struct pn532_answer *answer)
{
    (void)in, (void)length;
    chip->asleep = true;
    chip->target_selected = false;
    put_status(answer, STATUS_OK);
}

static void run_rf_configuration(struct pn532_chip *chip, const uint8_t *in, size_t length,
                                 struct pn532_answer *answer)
{
    (void)answer;
    if (in[0] == 0x01 && length >= 2 && (in[1] & 0x01) == 0) {
        chip->target_selected = false; /* field off: the card loses its state */
        if (chip->card.present && chip->desfire.on)
            pn532_chip_put_desfire(chip);
    }
    if (in[0] == 0x05 && length >= 4)
        chip->passive_retries = in[3];
}

static bool uid_matches(const struct pn532_card *card, const uint8_t *wanted, size_t length)
{
    uint8_t full[12];
    size_t n = 0;

    if (length == 0)
        return true;
    if (length == card->uid_length && memcmp(wanted, card->uid, length) == 0)
        return true;
    /* The same with cascade tags: 88 before each three bytes but the last four. */
    for (size_t i = 0; i < card->uid_length; i++) {
        if (i % 3 == 0 && i + 4 < card->uid_length)
            full[n++] = 0x88;
        full[n++] = card->uid[i];
    }
    return length == n && memcmp(wanted, full, n) == 0;
}

/* Tg, SENS_RES, SEL_RES, NFCID1, ATS. */
static void put_target(struct pn532_chip *chip, struct pn532_answer *answer)
{
    const struct pn532_card *card = &chip->card;

    put_byte(answer, 0x01);
    put(answer, card->atqa, sizeof card->atqa);
    put_byte(answer, chip->bad_ats ? card->sak | 0x20 : card->sak);
    put_byte(answer, card->uid_length);
    put(answer, card->uid, card->uid_length);
    answer->after_us = AIR_SELECT_US * (card->uid_length / 3);
    if (chip->bad_ats) {
        put_byte(answer, 0x00); /* a length that does not even count itself */
        answer->carries_ats_fault = true;
    } else if ((card->sak & 0x20) != 0) {
        put(answer, card->ats, card->ats_length);
        answer->after_us += AIR_RATS_US;
    }
    chip->target_selected = true;
    chip->reads++;
}

static void run_list_passive(struct pn532_chip *chip, const uint8_t *in, size_t length,
                             struct pn532_answer *answer)
{
    bool type_a = in[1] == 0x00;

    chip->target_selected = false;
    if (type_a)
        chip->polls++;
    if (type_a && in[0] > 0 && chip->card.present && uid_matches(&chip->card, in + 2, length - 2)) {
        put_byte(answer, 0x01);
        put_target(chip, answer);
        return;
    }
    answer->waits_for_card = chip->passive_retries == 0xff;
    answer->after_us = AIR_TRY_US * (chip->passive_retries < 8 ? chip->passive_retries + 1 : 8);
    put_byte(answer, 0x00);
}

static void run_auto_poll(struct pn532_chip *chip, const uint8_t *in, size_t length,
                          struct pn532_answer *answer)
{
    size_t length_at;
    bool wanted = false;

    chip->target_selected = false;
    chip->polls++;
    for (size_t i = 2; i < length; i++)
        wanted = wanted || in[i] == 0x00 || in[i] == 0x10 || in[i] == 0x20;
    if (!wanted || !chip->card.present) {
        answer->waits_for_card = in[0] == 0xff;
        answer->after_us = (int64_t)in[0] * in[1] * AUTOPOLL_UNIT_US * (int64_t)(length - 2);
        put_byte(answer, 0x00);
        return;
    }
    put_byte(answer, 0x01);
    put_byte(answer, (chip->card.sak & 0x20) != 0 ? 0x20 : 0x10);
    length_at = answer->length;
    put_byte(answer, 0x00);
    put_target(chip, answer);
    answer->data[length_at] = (uint8_t)(answer->length - length_at - 1);
}

/* What the card says to an application command; returns the chip's status. */
static uint8_t ask_card(struct pn532_chip *chip, const uint8_t *in, size_t length, uint8_t *reply,
                        size_t *ret_reply)
{
    const struct pn532_card *card = &chip->card;
    uint8_t memory[16] = {0};

    *ret_reply = 0;
    if (!card->present || length == 0)
        return STATUS_TIMEOUT;
    if (chip->desfire.on) {
        long got = desfire_card_run(&chip->desfire, in, length, reply);

        *ret_reply = got < 0 ? 0 : (size_t)got;
        return got < 0 ? STATUS_TIMEOUT : STATUS_OK;
    }
    if ((card->sak & 0x20) != 0) { /* a type 4 tag without an application */
        memcpy(reply, (const uint8_t[]){0x6d, 0x00}, 2);
        *ret_reply = 2;
        return STATUS_OK;
    }
    if (in[0] == 0x60 || in[0] == 0x61)
        return STATUS_AUTH; /* a Classic whose keys nobody has */
    if (in[0] != 0x30 || length < 2 || (card->sak & 0x08) != 0)
        return STATUS_TIMEOUT;
    if (in[1] == 0)
        memcpy(memory, card->uid, card->uid_length);
    memcpy(reply, memory, sizeof memory);
    *ret_reply = sizeof memory;
    return STATUS_OK;
}

static void run_data_exchange(struct pn532_chip *chip, const uint8_t *in, size_t length,
                              struct pn532_answer *answer)
{
    uint8_t reply[DESFIRE_REPLY_MAX];
    size_t reply_length = 0;
    uint8_t status = STATUS_CONTEXT;

    answer->after_us = AIR_EXCHANGE_US + (chip->desfire.on ? chip->desfire.slow_ms * 1000 : 0);
    if (chip->target_selected)
        status = ask_card(chip, in + 1, length - 1, reply, &reply_length);
    put_status(answer, status);
    put(answer, reply, reply_length);
}

/* Raw bytes to the card: R(NAK) is the presence ping of ISO 14443-4, READ works on type 2 tags. */
static void run_communicate_thru(struct pn532_chip *chip, const uint8_t *in, size_t length,
                                 struct pn532_answer *answer)
{
    const struct pn532_card *card = &chip->card;
    bool ping = length >= 1 && (in[0] & 0xf6) == 0xb2;
    uint8_t reply[DESFIRE_REPLY_MAX];
    size_t reply_length = 0;
    uint8_t status = STATUS_TIMEOUT;

    answer->after_us = AIR_EXCHANGE_US;
    if (ping && card->present && chip->target_selected && (card->sak & 0x20) != 0) {
        put_status(answer, STATUS_OK);
        put_byte(answer, (uint8_t)(0xa2 | (in[0] & 0x01)));
        return;
    }
    if (chip->target_selected && (card->sak & 0x20) == 0)
        status = ask_card(chip, in, length, reply, &reply_length);
    put_status(answer, status);
    put(answer, reply, reply_length);
}

static void run_release(struct pn532_chip *chip, const uint8_t *in, size_t length,
                        struct pn532_answer *answer)
{
    (void)in, (void)length;
    chip->target_selected = false;
    put_status(answer, STATUS_OK);
}

static void run_deselect(struct pn532_chip *chip, const uint8_t *in, size_t length,
                         struct pn532_answer *answer)
{
    (void)chip, (void)in, (void)length;
    put_status(answer, STATUS_OK); /* data is kept: InSelect brings the card back */
}

static void run_select(struct pn532_chip *chip, const uint8_t *in, size_t length,
                       struct pn532_answer *answer)
{
    (void)in, (void)length;
    answer->after_us = AIR_SELECT_US;
    chip->target_selected = chip->card.present;
    put_status(answer, chip->card.present ? STATUS_OK : STATUS_TIMEOUT);
}

static void run_read_gpio(struct pn532_chip *chip, const uint8_t *in, size_t length,
                          struct pn532_answer *answer)
{
    (void)chip, (void)in, (void)length;
    put(answer, (const uint8_t[]){0x3f, 0x06, 0x03}, 3);
}

static const struct command commands[] = {
    {0x00, 1, run_diagnose        },
    {0x02, 0, run_firmware        },
    {0x04, 0, run_general_status  },
    {0x06, 2, run_read_register   },
    {0x08, 3, run_write_register  },
    {0x0c, 0, run_read_gpio       },
    {0x0e, 2, run_nothing         }, /* WriteGPIO */
    {0x10, 1, run_nothing         }, /* SetSerialBaudRate: a pseudo-terminal has none */
    {0x12, 1, run_set_parameters  },
    {0x14, 1, run_nothing         }, /* SAMConfiguration */
    {0x16, 1, run_power_down      },
    {0x32, 2, run_rf_configuration},
    {0x40, 2, run_data_exchange   },
    {0x42, 0, run_communicate_thru},
    {0x44, 1, run_deselect        },
    {0x4a, 2, run_list_passive    },
    {0x52, 1, run_release         },
    {0x54, 1, run_select          },
    {0x60, 3, run_auto_poll       },
};

void pn532_chip_power_up(struct pn532_chip *chip)
{
    memset(chip->registers, 0, sizeof chip->registers);
    chip->asleep = true;
    chip->target_selected = false;
    chip->parameters = 0;
    chip->passive_retries = 0xff; /* the chip's default */
}

bool pn532_chip_put_card(struct pn532_chip *chip, const uint8_t *uid, size_t length)
{
    static const struct {
        size_t length;
        uint8_t atqa[2];
        uint8_t sak;
    } kinds[] = {
        {4,  {0x00, 0x04}, 0x08},
        {7,  {0x00, 0x44}, 0x00},
        {10, {0x00, 0x84}, 0x00},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].length != length)
            continue;
        chip->card = (struct pn532_card){.present = true, .uid_length = (uint8_t)length};
        chip->desfire.on = false;
        memcpy(chip->card.uid, uid, length);
        memcpy(chip->card.atqa, kinds[i].atqa, sizeof chip->card.atqa);
        chip->card.sak = kinds[i].sak;
        chip->target_selected = false;
        return true;
    }
    return false;
}

void pn532_chip_put_desfire(struct pn532_chip *chip)
{
    static const uint8_t ats[] = {0x06, 0x75, 0x77, 0x81, 0x02, 0x80};
    uint8_t uid[10];
    size_t length = desfire_card_shown(&chip->desfire, uid);

    pn532_chip_put_card(chip, uid, length);
    chip->desfire.on = true;
    desfire_card_reset(&chip->desfire);
    chip->card.atqa[0] = 0x03;
    chip->card.atqa[1] = length == 4 ? 0x04 : 0x44;
    chip->card.sak = 0x20;
    pn532_chip_set_ats(chip, ats, sizeof ats);
}

void pn532_chip_set_ats(struct pn532_chip *chip, const uint8_t *ats, size_t length)
{
    if (length > sizeof chip->card.ats)
        length = sizeof chip->card.ats;
    memcpy(chip->card.ats, ats, length);
    chip->card.ats_length = (uint8_t)length;
    chip->card.sak |= 0x20;
}

void pn532_chip_run(struct pn532_chip *chip, const uint8_t *data, size_t length,
                    struct pn532_answer *answer)
{
    memset(answer, 0, sizeof *answer);
    put_byte(answer, 0xd5);
    put_byte(answer, (uint8_t)(data[1] + 1));
    for (size_t i = 0; data[0] == 0xd4 && i < sizeof commands / sizeof commands[0]; i++) {
        if (commands[i].code != data[1] || length - 2 < commands[i].least)
            continue;
        commands[i].run(chip, data + 2, length - 2, answer);
        return;
    }
    answer->data[0] = 0x7f; /* the error frame has no code */
    answer->length = 1;
}
