// SPDX-License-Identifier: Apache-2.0
/* JSON's texts and numbers as Python writes them. */
#include "export/json.h"
#include "test.h"

static void json_of_every_code_point_below_256(void)
{
	static const char want[] =
		"\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b"
		"\\f\\r\\u000e\\u000f\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016"
		"\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f !\\\"#$%&'"
		"()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\\\]^_`abcdefghijklmn"
		"opqrstuvwxyz{|}~\\u007f\\u0080\\u0081\\u0082\\u0083\\u0084\\u0085\\u0086"
		"\\u0087\\u0088\\u0089\\u008a\\u008b\\u008c\\u008d\\u008e\\u008f\\u0090"
		"\\u0091\\u0092\\u0093\\u0094\\u0095\\u0096\\u0097\\u0098\\u0099\\u009a"
		"\\u009b\\u009c\\u009d\\u009e\\u009f\\u00a0\\u00a1\\u00a2\\u00a3\\u00a4"
		"\\u00a5\\u00a6\\u00a7\\u00a8\\u00a9\\u00aa\\u00ab\\u00ac\\u00ad\\u00ae"
		"\\u00af\\u00b0\\u00b1\\u00b2\\u00b3\\u00b4\\u00b5\\u00b6\\u00b7\\u00b8"
		"\\u00b9\\u00ba\\u00bb\\u00bc\\u00bd\\u00be\\u00bf\\u00c0\\u00c1\\u00c2"
		"\\u00c3\\u00c4\\u00c5\\u00c6\\u00c7\\u00c8\\u00c9\\u00ca\\u00cb\\u00cc"
		"\\u00cd\\u00ce\\u00cf\\u00d0\\u00d1\\u00d2\\u00d3\\u00d4\\u00d5\\u00d6"
		"\\u00d7\\u00d8\\u00d9\\u00da\\u00db\\u00dc\\u00dd\\u00de\\u00df\\u00e0"
		"\\u00e1\\u00e2\\u00e3\\u00e4\\u00e5\\u00e6\\u00e7\\u00e8\\u00e9\\u00ea"
		"\\u00eb\\u00ec\\u00ed\\u00ee\\u00ef\\u00f0\\u00f1\\u00f2\\u00f3\\u00f4"
		"\\u00f5\\u00f6\\u00f7\\u00f8\\u00f9\\u00fa\\u00fb\\u00fc\\u00fd\\u00fe"
		"\\u00ff\"";
	struct buf in = {0}, out = {0};
	int c;

	for (c = 0; c < 256; c++) {
		if (c >= 0x80)
			buf__char(&in, (char)(0xc0 | c >> 6));
		buf__char(&in, (char)(c < 0x80 ? c : 0x80 | (c & 0x3f)));
	}
	json_str(&out, buf__view(&in));
	CHECK_STR(buf__view(&out), want);
	buf__free(&in);
	buf__free(&out);
}

/* Alone, a byte from 0x80 on is not UTF-8: json.dumps(bytes.decode("utf-8", "replace")). */
static void json_of_every_byte(void)
{
	struct buf out = {0};
	int c;

	for (c = 0x80; c < 256; c++) {
		buf__reset(&out);
		json_str(&out, (struct str){(char[]){(char)c}, 1});
		CHECK_STR(buf__view(&out), "\"\\ufffd\"");
	}
	buf__free(&out);
}

static void json_texts(void)
{
	static const char *const cases[][2] = {
		{"", "\"\""},
		{"a/b", "\"a/b\""},
		{"\xf0\x9f\x98\x80", "\"\\ud83d\\ude00\""},
		{"\xf0\x90\x80\x80", "\"\\ud800\\udc00\""},
		{"\xf4\x8f\xbf\xbf", "\"\\udbff\\udfff\""},
		{"\xef\xbf\xbf", "\"\\uffff\""},
		{"\xe2\x80\xa8x", "\"\\u2028x\""},
		{"a\xe2\x82"
		 "b",
		 "\"a\\ufffdb\""},
	};
	struct buf out = {0};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		buf__reset(&out);
		json_str(&out, str_from(cases[i][0]));
		CHECK_STR(buf__view(&out), cases[i][1]);
	}
	buf__free(&out);
}

static void json_numbers(void)
{
	static const struct {
		double d;
		const char *text;
	} cases[] = {
		{0.0, "0.0"},
		{-0.0, "-0.0"},
		{0.1, "0.1"},
		{1.0, "1.0"},
		{100.0, "100.0"},
		{2.5, "2.5"},
		{1234.5, "1234.5"},
		{1.0 / 3, "0.3333333333333333"},
		{0.0001, "0.0001"},
		{0.00001, "1e-05"},
		{1e-7, "1e-07"},
		{1e15, "1000000000000000.0"},
		{9007199254740993.0, "9007199254740992.0"},
		{9999999999999998.0, "9999999999999998.0"},
		{1e16, "1e+16"},
		{1e22, "1e+22"},
		{123456789012345678.0, "1.2345678901234568e+17"},
		{5e-324, "5e-324"},
		{1.7976931348623157e308, "1.7976931348623157e+308"},
		{__builtin_inf(), "Infinity"},
		{-__builtin_inf(), "-Infinity"},
		{__builtin_nan(""), "NaN"},
	};
	struct buf out = {0};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		buf__reset(&out);
		json_double(&out, cases[i].d);
		CHECK_STR(buf__view(&out), cases[i].text);
	}
	buf__free(&out);
}

int main(void)
{
	RUN(json_of_every_code_point_below_256);
	RUN(json_of_every_byte);
	RUN(json_texts);
	RUN(json_numbers);
	return test_status();
}
