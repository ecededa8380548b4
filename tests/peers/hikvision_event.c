#include "tests/peers/hikvision_event.h"

#include <limits.h>
#include <string.h>

#include "tests/peers/peer_util.h"

#define OF_ANPR   (1u << EVENT_ANPR)
#define OF_ACCESS (1u << EVENT_ACCESS)
#define OF_OTHER  (1u << EVENT_OTHER)
#define OF_RAW    (1u << EVENT_RAW)
#define OF_HUGE   (1u << EVENT_HUGE)
#define OF_PARTS  (OF_ANPR | OF_ACCESS | OF_OTHER)
#define OF_ALL    (OF_PARTS | OF_RAW | OF_HUGE)

enum option_type { OPTION_TEXT, OPTION_NUMBER, OPTION_FLAG, OPTION_CHOICE };

static const char *const kind_names[EVENT_KIND_COUNT] = {"anpr", "access", "other", "raw", "huge"};
static const char *const kind_helps[EVENT_KIND_COUNT] = {
    "a plate camera saw a vehicle (EventNotificationAlert, XML)",
    "a terminal saw a person, a card or a door (AccessControllerEvent, JSON)",
    "an event of another kind, as XML without a plate",
    "the bytes of a file",
    "a body of so many bytes",
};

static const char *const forms[] = {"default", "multipart", "bare", "json", NULL};
static const char *const spaces[] = {"isapi", "hikvision", "std-cgi", NULL};
static const char *const currents[] = {"true", "false", "absent", NULL};

static const struct option {
    const char *name;
    enum option_type type;
    unsigned kinds;
    size_t offset;
    const char *const *choices;
    const char *help;
} options[] = {
#define AT(field) offsetof(struct event, field)
    {"url",              OPTION_TEXT,   OF_ALL,             AT(url),              NULL,     "http or https address to post to"        },
    {"digest",           OPTION_TEXT,   OF_ALL,             AT(digest),           NULL,     "USER:PASSWORD for digest, MD5 or SHA-256"},
    {"user",             OPTION_TEXT,   OF_ALL,             AT(user),             NULL,     "the same in two options"                 },
    {"password",         OPTION_TEXT,   OF_ALL,             AT(password),         NULL,     "the same in two options"                 },
    {"ca-file",          OPTION_TEXT,   OF_ALL,             AT(ca_file),          NULL,     "trust this certificate (https)"          },
    {"insecure",         OPTION_FLAG,   OF_ALL,             AT(insecure),         NULL,     "trust any certificate (https)"           },
    {"timeout-ms",       OPTION_NUMBER, OF_ALL,             AT(timeout_ms),       NULL,     "give up after this (10000)"              },
    {"repeat",           OPTION_NUMBER, OF_ALL,             AT(repeat),           NULL,     "post the same bytes so often (1)"        },
    {"expect",           OPTION_NUMBER, OF_ALL,             AT(expect),           NULL,     "the HTTP status that is right (200)"     },
    {"form",             OPTION_CHOICE, OF_PARTS,           AT(form),             forms,
                                                   "multipart, bare (XML alone) or json (JSON alone); default: multipart for XML, json for "
     "access"                                                                                                                                                                       },
    {"time",             OPTION_TEXT,   OF_PARTS,           AT(time),             NULL,     "dateTime, as it stands (now, at +08:00)" },
    {"ago",              OPTION_NUMBER, OF_PARTS,           AT(ago_s),            NULL,     "dateTime is so many seconds ago"         },
    {"no-datetime",      OPTION_FLAG,   OF_PARTS,           AT(no_datetime),      NULL,     "without dateTime"                        },
    {"ip-address",       OPTION_TEXT,   OF_PARTS,           AT(ip_address),       NULL,     "ipAddress in the body"                   },
    {"boundary",         OPTION_TEXT,   OF_PARTS,           AT(boundary),         NULL,     "of multipart"                            },
    {"lf-only",          OPTION_FLAG,   OF_PARTS,           AT(lf_only),          NULL,     "part headers end with LF, not CRLF"      },
    {"picture",          OPTION_NUMBER, OF_PARTS,           AT(picture_size),     NULL,
                                                   "bytes of each picture in multipart; 0: none (2000)"                                                                             },
    {"picture-no-name",  OPTION_FLAG,   OF_PARTS,           AT(picture_no_name),  NULL,
                                                   "pictures are application/octet-stream with filename= only"                                                                      },
    {"picture-boundary", OPTION_FLAG,   OF_PARTS,           AT(picture_boundary), NULL,
                                                   "pictures contain the text of the boundary"                                                                                      },
    {"plate",            OPTION_TEXT,   OF_ANPR,            AT(plate),            NULL,     "licensePlate; may be \"unknown\""        },
    {"ns",               OPTION_CHOICE, OF_ANPR | OF_OTHER, AT(space),            spaces,   "namespace"                               },
    {"prefix",           OPTION_TEXT,   OF_ANPR | OF_OTHER, AT(prefix),           NULL,
                                                   "namespace prefix, as from an NVR"                                                                                               },
    {"no-decl",          OPTION_FLAG,   OF_ANPR | OF_OTHER, AT(no_decl),          NULL,     "without the XML declaration"             },
    {"xml-part",         OPTION_TEXT,   OF_ANPR | OF_OTHER, AT(xml_part),         NULL,     "the part's name (anpr.xml)"              },
    {"direction",        OPTION_TEXT,   OF_ANPR,            AT(direction),        NULL,     "forward, reverse, unknown (forward)"     },
    {"uuid",             OPTION_TEXT,   OF_ANPR,            AT(uuid),             NULL,     "UUID of the event (random)"              },
    {"device-uuid",      OPTION_TEXT,   OF_ANPR,            AT(device_uuid),      NULL,     "deviceUUID"                              },
    {"confidence",       OPTION_TEXT,   OF_ANPR,            AT(confidence),       NULL,     "confidenceLevel (98)"                    },
    {"plate-color",      OPTION_TEXT,   OF_ANPR,            AT(plate_color),      NULL,     "plateColor (blue)"                       },
    {"employee",         OPTION_TEXT,   OF_ACCESS,          AT(employee),         NULL,     "employeeNoString"                        },
    {"card",             OPTION_TEXT,   OF_ACCESS,          AT(card),             NULL,     "cardNo"                                  },
    {"name",             OPTION_TEXT,   OF_ACCESS,          AT(name),             NULL,     "name"                                    },
    {"major",            OPTION_NUMBER, OF_ACCESS,          AT(major),            NULL,     "majorEventType (5)"                      },
    {"minor",            OPTION_NUMBER, OF_ACCESS,          AT(minor),            NULL,     "subEventType (75, face pass)"            },
    {"serial",           OPTION_NUMBER, OF_ACCESS,          AT(serial),           NULL,     "serialNo (new in each event)"            },
    {"current-event",    OPTION_CHOICE, OF_ACCESS,          AT(current),          currents, "currentEvent (true)"                     },
    {"no-eventtype",     OPTION_FLAG,   OF_ACCESS,          AT(no_eventtype),     NULL,     "without eventType"                       },
    {"demographics",     OPTION_FLAG,   OF_ACCESS,          AT(demographics),     NULL,     "with age, sex and the like"              },
    {"remote-check",     OPTION_FLAG,   OF_ACCESS,          AT(remote_check),     NULL,     "remoteCheck true: it waits for an answer" },
    {"door",             OPTION_NUMBER, OF_ACCESS,          AT(door),             NULL,     "doorNo (1)"                              },
    {"event",            OPTION_TEXT,   OF_OTHER,           AT(event_type),       NULL,     "eventType (linedetection)"               },
    {"file",             OPTION_TEXT,   OF_RAW,             AT(file),             NULL,     "what to post"                            },
    {"content-type",     OPTION_TEXT,   OF_RAW | OF_HUGE,   AT(content_type),     NULL,     "Content-Type"                            },
    {"bytes",            OPTION_NUMBER, OF_HUGE,            AT(bytes),            NULL,     "how many"                                },
    {"chunked",          OPTION_FLAG,   OF_HUGE,            AT(chunked),          NULL,     "without a declared length"               },
#undef AT
};

struct event event_standard(void)
{
    return (struct event){
        .timeout_ms = 10000,
        .repeat = 1,
        .expect = 200,
        .picture_size = 2000,
        .event_type = "linedetection",
        .ip_address = "192.0.2.64",
        .xml_part = "anpr.xml",
        .direction = "forward",
        .device_uuid = "00000000-0000-4000-8000-000000000064",
        .confidence = "98",
        .plate_color = "blue",
        .major = 5,
        .minor = 75,
        .door = 1,
        .content_type = "application/octet-stream",
        .bytes = -1,
    };
}

/* Makes the sentence of a failure; it lives until the next one. */
static const char *wrong(const char *before, const char *about, const char *after)
{
    static char sentence[256];

    snprintf(sentence, sizeof sentence, "%s%.64s%s", before, about, after);
    return sentence;
}

static const struct option *option_find(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (strlen(options[i].name) == length && strncmp(options[i].name, name, length) == 0)
            return &options[i];
    return NULL;
}

static const char *set_choice(int *place, const struct option *option, const char *value)
{
    for (int i = 0; option->choices[i] != NULL; i++)
        if (strcmp(option->choices[i], value) == 0) {
            *place = i;
            return NULL;
        }
    return wrong("--", option->name, " has no such choice");
}

static const char *set_option(struct event *event, const struct option *option, const char *value)
{
    void *place = (char *)event + option->offset;

    switch (option->type) {
    case OPTION_TEXT:
        *(const char **)place = value;
        return NULL;
    case OPTION_NUMBER:
        return peer_parse_long(value, 0, LONG_MAX, place)
                   ? NULL
                   : wrong("--", option->name, " needs a number");
    case OPTION_FLAG:
        *(bool *)place = true;
        return NULL;
    case OPTION_CHOICE:
        return set_choice(place, option, value);
    }
    return NULL;
}

static const char *parse_options(struct event *event, unsigned kinds, char **words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *word = words[i];
        const char *equals = strchr(word, '=');
        size_t length = equals == NULL ? strlen(word) : (size_t)(equals - word);
        const struct option *option =
            length > 2 && strncmp(word, "--", 2) == 0 ? option_find(word + 2, length - 2) : NULL;
        const char *value = equals == NULL ? NULL : equals + 1;
        const char *failure;

        if (option == NULL || (option->kinds & kinds) != kinds)
            return wrong("", word, " is no option here");
        if (option->type == OPTION_FLAG && value != NULL)
            return wrong("--", option->name, " takes no value");
        if (option->type != OPTION_FLAG && value == NULL && ++i < count)
            value = words[i];
        if (option->type != OPTION_FLAG && value == NULL)
            return wrong("--", option->name, " needs a value");
        failure = set_option(event, option, value);
        if (failure != NULL)
            return failure;
    }
    return NULL;
}

static const char *check(const struct event *event)
{
    bool json = event->kind == EVENT_ACCESS;

    if (event->url == NULL)
        return wrong("--", "url", " is missing");
    if (event->kind == EVENT_ANPR && event->plate == NULL)
        return wrong("--", "plate", " is missing");
    if (event->kind == EVENT_RAW && event->file == NULL)
        return wrong("--", "file", " is missing");
    if (event->kind == EVENT_HUGE && event->bytes < 0)
        return wrong("--", "bytes", " is missing");
    if (event->form == (json ? FORM_BARE : FORM_JSON))
        return wrong("--form ", forms[event->form], " does not fit this event");
    return NULL;
}

const char *event_parse_options(struct event *event, char **words, size_t count)
{
    return parse_options(event, OF_ALL, words, count);
}

const char *event_parse(struct event *event, char **words, size_t count)
{
    const char *failure = NULL;
    size_t kind = 0;

    while (count > 0 && kind < EVENT_KIND_COUNT && strcmp(kind_names[kind], words[0]) != 0)
        kind++;
    if (count == 0 || kind == EVENT_KIND_COUNT)
        return wrong("", count == 0 ? "nothing" : words[0], " is no kind of posting");
    event->kind = (enum event_kind)kind;
    failure = parse_options(event, 1u << kind, words + 1, count - 1);
    return failure != NULL ? failure : check(event);
}

static void print_options(FILE *out, unsigned kinds)
{
    static const char *const shapes[] = {"TEXT", "N", "", NULL};

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const struct option *option = &options[i];
        bool general = option->kinds == OF_ALL;

        if (kinds == OF_ALL ? !general : general || (option->kinds & kinds) == 0)
            continue;
        fprintf(out, "  --%s", option->name);
        if (option->type != OPTION_CHOICE)
            fprintf(out, "%s%s", option->type == OPTION_FLAG ? "" : " ", shapes[option->type]);
        else
            for (size_t j = 0; option->choices[j] != NULL; j++)
                fprintf(out, "%s%s", j == 0 ? " " : "|", option->choices[j]);
        fprintf(out, "\n        %s\n", option->help);
    }
}

void event_print_usage(FILE *out)
{
    fputs("usage: peer-hikvision KIND --url URL [OPTION...]\n"
          "       peer-hikvision batch FILE --url URL [OPTION...]   (a KIND with options a line)\n"
          "\nEvery kind:\n",
          out);
    print_options(out, OF_ALL);
    for (size_t i = 0; i < EVENT_KIND_COUNT; i++) {
        fprintf(out, "\n%s: %s\n", kind_names[i], kind_helps[i]);
        print_options(out, 1u << i);
    }
}
