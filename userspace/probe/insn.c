// SPDX-License-Identifier: Apache-2.0
#include "probe/insn.h"

#include <capstone/capstone.h>
#include <errno.h>
#include <stdlib.h>

/* A larger frame is none that we know how to leave. */
#define FRAME_MAX (1 << 16)

struct insn_reader {
	csh engine;
	cs_insn *insn; /* owned */
	u32 kernel;
	const u8 *p;
	size_t left;
	u64 at;
};

/* Instructions that write nothing but their first operand, the flags and for push the stack. */
static bool is_plain(unsigned int id)
{
	static const u16 plain[] = {
		X86_INS_ADD,	 X86_INS_AND,	 X86_INS_BTR,	 X86_INS_CMP,	 X86_INS_DEC,
		X86_INS_ENDBR64, X86_INS_INC,	 X86_INS_LEA,	 X86_INS_MOV,	 X86_INS_MOVABS,
		X86_INS_MOVAPD,	 X86_INS_MOVAPS, X86_INS_MOVD,	 X86_INS_MOVDQA, X86_INS_MOVDQU,
		X86_INS_MOVQ,	 X86_INS_MOVSX,	 X86_INS_MOVSXD, X86_INS_MOVUPD, X86_INS_MOVUPS,
		X86_INS_MOVZX,	 X86_INS_NEG,	 X86_INS_NOP,	 X86_INS_NOT,	 X86_INS_OR,
		X86_INS_PUSH,	 X86_INS_PXOR,	 X86_INS_SAR,	 X86_INS_SHL,	 X86_INS_SHR,
		X86_INS_SUB,	 X86_INS_TEST,	 X86_INS_XOR,	 X86_INS_XORPS,
	};

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if (plain[i] == id)
			return true;
	return false;
}

/* Bit of the argument that it holds, in whole or in part, of the five that can be asked for. */
static u8 argument_of(x86_reg reg)
{
	static const u16 arguments[][5] = {
		[1] = {X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL},
		[2] = {X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL},
		[3] = {X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH},
		[4] = {X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH},
		[5] = {X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B},
	};

	for (u32 i = 1; i < ARRAY_SIZE(arguments) && reg != X86_REG_INVALID; i++)
		for (u32 j = 0; j < ARRAY_SIZE(arguments[i]); j++)
			if (arguments[i][j] == reg)
				return (u8)(1u << i);
	return 0;
}

static bool is_callee_saved(x86_reg reg)
{
	return reg == X86_REG_RBX || reg == X86_REG_RBP ||
	       (reg >= X86_REG_R12 && reg <= X86_REG_R15);
}

static x86_reg first_register(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;

	return x86->op_count && x86->operands[0].type == X86_OP_REG ? x86->operands[0].reg
								    : X86_REG_INVALID;
}

static bool only_reads(unsigned int id)
{
	return id == X86_INS_PUSH || id == X86_INS_CMP || id == X86_INS_TEST || id == X86_INS_NOP;
}

/* Bits of arguments; all of them if it may write what it does not name. */
static u8 spoils(const cs_insn *insn)
{
	if (!is_plain(insn->id))
		return 0xff;
	return only_reads(insn->id) ? 0 : argument_of(first_register(insn));
}

/* is_prefix_bad() of the kernel's uprobes refuses these. */
static bool has_refused_prefix(const cs_x86 *x86)
{
	u8 segment = x86->prefix[1];

	return x86->prefix[0] == X86_PREFIX_LOCK ||
	       (segment && segment != X86_PREFIX_FS && segment != X86_PREFIX_GS);
}

/* Those of the kernel's table that bear no prefix it would refuse. */
static bool is_long_nop(const u8 *p, size_t len)
{
	static const u8 nops[][8] = {
		[2] = {0x66, 0x90},
		[3] = {0x0f, 0x1f, 0x00},
		[4] = {0x0f, 0x1f, 0x40, 0x00},
		[5] = {0x0f, 0x1f, 0x44, 0x00, 0x00},
		[6] = {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
		[7] = {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
		[8] = {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
	};

	return len >= 2 && len < ARRAY_SIZE(nops) && !memcmp(p, nops[len], len);
}

static enum insn_way way_of_long_nop(size_t len, u32 kernel)
{
	if (kernel >= KERNEL_LONG_NOPS)
		return len == 5 && kernel >= KERNEL_OPTIMISES ? INSN_OPTIMISED : INSN_EMULATED;
	/* before 6.2 kernels took 66 90 for a branch of 16 bits, and refused it */
	return len == 2 ? INSN_REFUSED : INSN_STEPPED;
}

/*
 * What branch_setup_xol_ops() and push_setup_xol_ops() of the kernel take, since long before 5.15:
 * jcc, jmp and call relative, nop, push of a register with no prefix but the one for r8 to r15.
 * Prefixes are refused here except bnd, which they pass over.
 */
static bool is_emulated(const u8 *p, size_t len)
{
	if (len == 1 && p[0] == 0x90)
		return true;
	if (len == 1 || (len == 2 && p[0] == 0x41))
		return (p[len - 1] & 0xf8) == 0x50;
	if (p[0] == 0xf2)
		p++, len--;
	if (p[0] == 0x0f)
		return len == 6 && (p[1] & 0xf0) == 0x80;
	return ((p[0] & 0xf0) == 0x70 && len == 2) || (p[0] == 0xeb && len == 2) ||
	       ((p[0] == 0xe8 || p[0] == 0xe9) && len == 5);
}

/* Any instruction of ours that the kernel can step: it finds its way back from these, too. */
static bool is_steppable(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;

	if (has_refused_prefix(x86))
		return false;
	if (insn->id == X86_INS_JMP || insn->id == X86_INS_CALL)
		return x86->operands[0].type != X86_OP_IMM;
	return is_plain(insn->id) || insn->id == X86_INS_RET;
}

static enum insn_way way_of(const cs_insn *insn, u32 kernel)
{
	if (is_long_nop(insn->bytes, insn->size))
		return way_of_long_nop(insn->size, kernel);
	if (is_emulated(insn->bytes, insn->size))
		return INSN_EMULATED;
	return is_steppable(insn) ? INSN_STEPPED : INSN_REFUSED;
}

static bool is_prologue(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;
	x86_reg reg = first_register(insn);

	if (insn->id == X86_INS_PUSH)
		return is_callee_saved(reg);
	if (insn->id == X86_INS_SUB)
		return reg == X86_REG_RSP && x86->operands[1].type == X86_OP_IMM &&
		       x86->operands[1].imm > 0;
	return insn->id == X86_INS_ENDBR64;
}

/* The end of a function's frame: pop of another register, add to rsp. */
static u32 frees(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;
	x86_reg reg = first_register(insn);

	if (insn->id == X86_INS_POP)
		return insn->size <= 2 && reg != X86_REG_INVALID && reg != X86_REG_RSP ? 8 : 0;
	if (insn->id != X86_INS_ADD || reg != X86_REG_RSP || x86->operands[1].type != X86_OP_IMM)
		return 0;
	return x86->operands[1].imm > 0 && x86->operands[1].imm < FRAME_MAX
		       ? (u32)x86->operands[1].imm
		       : 0;
}

static bool is_any_jump(csh engine, const cs_insn *insn)
{
	return cs_insn_group(engine, insn, X86_GRP_JUMP) ||
	       cs_insn_group(engine, insn, X86_GRP_BRANCH_RELATIVE) || insn->id == X86_INS_LOOP ||
	       insn->id == X86_INS_LOOPE || insn->id == X86_INS_LOOPNE ||
	       insn->id == X86_INS_XBEGIN;
}

static void read_flow(csh engine, const cs_insn *from, struct insn *insn)
{
	const cs_x86 *x86 = &from->detail->x86;
	bool call = cs_insn_group(engine, from, X86_GRP_CALL);

	if (!call && !is_any_jump(engine, from))
		return;
	if (x86->op_count == 1 && x86->operands[0].type == X86_OP_IMM) {
		insn->target = x86->operands[0].imm;
		insn->calls = call;
		insn->jumps = !call;
		insn->conditional = !call && from->id != X86_INS_JMP;
		return;
	}
	insn->calls_out = call && x86->op_count == 1 && x86->operands[0].type == X86_OP_REG;
	/* through the table of imported functions: leaves for another function */
	insn->astray = !call && !(x86->op_count == 1 && x86->operands[0].type == X86_OP_MEM &&
				  x86->operands[0].mem.base == X86_REG_RIP);
}

int insn_reader__next(struct insn_reader *reader, struct insn *insn)
{
	const cs_insn *from = reader->insn;
	x86_reg reg;

	if (!reader->left)
		return 0;
	if (!cs_disasm_iter(reader->engine, &reader->p, &reader->left, &reader->at, reader->insn))
		return -EILSEQ;
	reg = first_register(from);
	*insn = (struct insn){
		.at = (u32)from->address,
		.len = from->size,
		.way = way_of(from, reader->kernel),
		.goes_on = is_plain(from->id),
		.spoils = spoils(from),
		.moves_stack = from->id == X86_INS_PUSH ||
			       (!only_reads(from->id) &&
				(reg == X86_REG_RSP || reg == X86_REG_ESP || reg == X86_REG_SP)),
		.frees = frees(from),
		.prologue = is_prologue(from),
	};
	read_flow(reader->engine, from, insn);
	return 1;
}

static int insn_reader__init(struct insn_reader *reader)
{
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &reader->engine) ||
	    cs_option(reader->engine, CS_OPT_DETAIL, CS_OPT_ON))
		return -ENOMEM;
	reader->insn = cs_malloc(reader->engine);
	return reader->insn ? 0 : -ENOMEM;
}

int insn_reader__new(struct insn_reader **out, struct str code, u32 kernel)
{
	struct insn_reader *reader = calloc(1, sizeof(*reader));
	int err;

	if (!reader)
		return -ENOMEM;
	reader->kernel = kernel;
	reader->p = (const u8 *)code.p;
	reader->left = code.len;
	err = insn_reader__init(reader);
	if (err) {
		insn_reader__free(reader);
		return err;
	}
	*out = reader;
	return 0;
}

void insn_reader__free(struct insn_reader *reader)
{
	if (!reader)
		return;
	if (reader->insn)
		cs_free(reader->insn, 1);
	if (reader->engine)
		cs_close(&reader->engine);
	free(reader);
}
