#include "common/access/plate.h"
#include "common/access/civil.h"
#include "common/access/credential.h"
#include <string.h>
#include <strings.h>
#include <stdio.h>
enum plate_status plate_read(struct bytes raw, enum plate_source source, struct plate *p)
{
    (void)source;
    memset(p, 0, sizeof(*p));
    char t[129] = "";
    if (raw.size > 128) return PLATE_BAD_TEXT;
    memcpy(t, raw.data, raw.size);
    if (strcmp(t, "无车牌") == 0 || strcmp(t, "_无_") == 0) return PLATE_NONE;
    if (t[0] == 0 || strcasecmp(t, "unknown") == 0) return PLATE_NOT_READ;
    size_t n = 0;
    for (char *c = t; *c; c++) {
        if (*c == ' ' || *c == '-') continue;
        if (strncmp(c, "·", 2) == 0) { c++; continue; }
        if (n > 44) return PLATE_BAD_TEXT;
        p->text[n++] = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
    }
    return t[0] & 0x80 ? PLATE_OK : PLATE_FOREIGN;
}
enum plate_colour plate_colour_from_hikvision(struct bytes t)
{
    return t.size == 4 && strncasecmp((const char *)t.data, "blue", 4) == 0 ? PLATE_COLOUR_BLUE : PLATE_COLOUR_UNKNOWN;
}
static int hx(uint8_t c){ return c>='0'&&c<='9'?c-'0':c>='a'&&c<='f'?c-'a'+10:c>='A'&&c<='F'?c-'A'+10:-1;}
bool credential_from_uid_text(struct bytes t, struct credential *r)
{
    if (t.size != 8 && t.size != 14 && t.size != 20) return false;
    struct credential c = {.kind = CREDENTIAL_KIND_BADGE};
    int any = 0;
    for (size_t i = 0; i < t.size / 2; i++) { int a = hx(t.data[2*i]), b = hx(t.data[2*i+1]); if (a<0||b<0) return false; c.bytes[c.size++] = (uint8_t)(a<<4|b); any |= a|b; }
    if (!any) return false;
    *r = c; return true;
}
bool credential_from_face(struct bytes s, struct credential *r)
{
    if (s.size < 1 || s.size > 32) return false;
    struct credential c = {.kind = CREDENTIAL_KIND_FACE};
    for (size_t i = 0; i < s.size; i++) { if (s.data[i] <= ' ' || s.data[i] > '~') return false; c.bytes[c.size++] = s.data[i]; }
    *r = c; return true;
}
struct bytes credential_view(const struct credential *c) { return (struct bytes){c->bytes, c->size}; }
