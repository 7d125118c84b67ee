#include "go_asm.h"
#include "textflag.h"

// The vector instructions that Go's assembler has no name for: d = n op m, four
// float32 at a time. See the Arm Architecture Reference Manual, C7.2.
#define FMUL(d, n, m)  WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d))
#define FADD(d, n, m)  WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))
#define FADDP(d, n, m) WORD $(0x6E20D400 | (m)<<16 | (n)<<5 | (d)) // sums of neighbours of n, then of m
// UCVTF of the 64-bit register n to the float32 d, taken as a fraction of 2^64.
#define UCVTF64(d, n)  WORD $(0x9E030000 | (n)<<5 | (d))

// What stays in its register during a span:
//   R0 place in dst      R1 bytes from one output frame to the next
//   R2 frames to make    R3 history of channel 0   R4 of channel 1
//   R5 table             R6 bytes of one row       R7 pairs of groups of taps after the first group
//   R8 frames, R9 fraction of the place            R10 frames, R11 fraction of a step
#define PROLOGUE \
	MOVD s+0(FP), R20; \
	MOVD span_dst(R20), R0; \
	MOVD span_stride(R20), R1; \
	LSL  $2, R1; \
	MOVD span_frames(R20), R2; \
	MOVD span_x(R20), R3; \
	MOVD (span_x+24)(R20), R4; \
	MOVD span_table(R20), R5; \
	MOVD span_taps(R20), R7; \
	LSL  $4, R7, R6; \
	LSR  $4, R7; \
	MOVD ZR, R8; \
	MOVD span_frac(R20), R9; \
	MOVD (span_step+place_frames)(R20), R10; \
	MOVD (span_step+place_frac)(R20), R11

// For each frame: R12 the row, V31 the place in it in all lanes, R13 the loop's count.
#define ROW \
	LSR  $(64-const_rowBits), R9, R12; \
	LSL  $const_rowBits, R9, R13; \
	UCVTF64(31, 13); \
	VDUP V31.S[0], V31.S4; \
	MADD R6, R5, R12, R12; \
	MOVD R7, R13

// The polynomials of a group of 8 taps into 8 registers, lowest order first.
#define LOAD(a0, a1, b0, b1, c0, c1, d0, d1) \
	VLD1.P 64(R12), [a0.S4, a1.S4, b0.S4, b1.S4]; \
	VLD1.P 64(R12), [c0.S4, c1.S4, d0.S4, d1.S4]

// One step of Horner's scheme for 8 taps: y += x * place.
#define HORNER(x0, x1, y0, y1) \
	VFMLA V31.S4, x0.S4, y0.S4; \
	VFMLA V31.S4, x1.S4, y1.S4

// func pairNEON(s *span)
TEXT ·pairNEON(SB), NOSPLIT, $0-8
	PROLOGUE

frame:
	ROW
	ADD R8<<2, R3, R14
	ADD R8<<2, R4, R15

	// The first group begins the sums: V24, V25 of channel 0, V26, V27 of channel 1.
	LOAD(V0, V1, V2, V3, V4, V5, V6, V7)
	VLD1.P 32(R14), [V16.S4, V17.S4]
	VLD1.P 32(R15), [V18.S4, V19.S4]
	HORNER(V6, V7, V4, V5)
	HORNER(V4, V5, V2, V3)
	HORNER(V2, V3, V0, V1)
	FMUL(24, 16, 0)
	FMUL(25, 17, 1)
	FMUL(26, 18, 0)
	FMUL(27, 19, 1)

groups:
	LOAD(V0, V1, V2, V3, V4, V5, V6, V7)
	LOAD(V8, V9, V10, V11, V12, V13, V14, V15)
	VLD1.P 64(R14), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1.P 64(R15), [V20.S4, V21.S4, V22.S4, V23.S4]
	HORNER(V6, V7, V4, V5)
	HORNER(V14, V15, V12, V13)
	HORNER(V4, V5, V2, V3)
	HORNER(V12, V13, V10, V11)
	HORNER(V2, V3, V0, V1)
	HORNER(V10, V11, V8, V9)
	VFMLA V0.S4, V16.S4, V24.S4
	VFMLA V1.S4, V17.S4, V25.S4
	VFMLA V0.S4, V20.S4, V26.S4
	VFMLA V1.S4, V21.S4, V27.S4
	VFMLA V8.S4, V18.S4, V24.S4
	VFMLA V9.S4, V19.S4, V25.S4
	VFMLA V8.S4, V22.S4, V26.S4
	VFMLA V9.S4, V23.S4, V27.S4
	SUBS $1, R13
	BNE groups

	FADD(24, 24, 25)
	FADD(26, 26, 27)
	FADDP(24, 24, 26)
	FADDP(24, 24, 24)
	FMOVD F24, (R0)
	ADD R1, R0
	ADDS R11, R9
	ADC R10, R8
	SUBS $1, R2
	BNE frame
	RET

// func monoNEON(s *span)
TEXT ·monoNEON(SB), NOSPLIT, $0-8
	PROLOGUE

frame:
	ROW
	ADD R8<<2, R3, R14

	// The first group begins the sums, V24 and V25.
	LOAD(V0, V1, V2, V3, V4, V5, V6, V7)
	VLD1.P 32(R14), [V16.S4, V17.S4]
	HORNER(V6, V7, V4, V5)
	HORNER(V4, V5, V2, V3)
	HORNER(V2, V3, V0, V1)
	FMUL(24, 16, 0)
	FMUL(25, 17, 1)

groups:
	LOAD(V0, V1, V2, V3, V4, V5, V6, V7)
	LOAD(V8, V9, V10, V11, V12, V13, V14, V15)
	VLD1.P 64(R14), [V16.S4, V17.S4, V18.S4, V19.S4]
	HORNER(V6, V7, V4, V5)
	HORNER(V14, V15, V12, V13)
	HORNER(V4, V5, V2, V3)
	HORNER(V12, V13, V10, V11)
	HORNER(V2, V3, V0, V1)
	HORNER(V10, V11, V8, V9)
	VFMLA V0.S4, V16.S4, V24.S4
	VFMLA V1.S4, V17.S4, V25.S4
	VFMLA V8.S4, V18.S4, V24.S4
	VFMLA V9.S4, V19.S4, V25.S4
	SUBS $1, R13
	BNE groups

	FADD(24, 24, 25)
	FADDP(24, 24, 24)
	FADDP(24, 24, 24)
	FMOVS F24, (R0)
	ADD R1, R0
	ADDS R11, R9
	ADC R10, R8
	SUBS $1, R2
	BNE frame
	RET

// func splitNEON(x0, x1, src []float32)
TEXT ·splitNEON(SB), NOSPLIT, $0-72
	MOVD x0_base+0(FP), R0
	MOVD x0_len+8(FP), R3
	MOVD x1_base+24(FP), R1
	MOVD src_base+48(FP), R2
	SUBS $8, R3
	BLT tail

eights:
	VLD2.P 32(R2), [V0.S4, V1.S4]
	VLD2.P 32(R2), [V2.S4, V3.S4]
	VST1.P [V0.S4], 16(R0)
	VST1.P [V2.S4], 16(R0)
	VST1.P [V1.S4], 16(R1)
	VST1.P [V3.S4], 16(R1)
	SUBS $8, R3
	BGE eights

tail:
	ADDS $8, R3
	BEQ done

ones:
	FMOVS.P 4(R2), F0
	FMOVS.P 4(R2), F1
	FMOVS.P F0, 4(R0)
	FMOVS.P F1, 4(R1)
	SUBS $1, R3
	BNE ones

done:
	RET
