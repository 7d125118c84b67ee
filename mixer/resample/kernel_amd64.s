#include "go_asm.h"
#include "textflag.h"

// 2^-63 as a float32.
#define FRACTION 0x20000000

// What stays in its register during a span:
//   DI place in dst
//   CX frames to make    R8 history of channel 0   R9 of channel 1
//   R10 table            R11 bytes of one row      R12 pairs of groups of taps after the first group
//   AX frames, BX fraction of the place            X15 FRACTION
// The span itself, in DX, has the stride and the step.
#define PROLOGUE \
	MOVQ s+0(FP), DX; \
	MOVQ span_dst(DX), DI; \
	MOVQ span_frames(DX), CX; \
	MOVQ span_x(DX), R8; \
	MOVQ (span_x+24)(DX), R9; \
	MOVQ span_table(DX), R10; \
	MOVQ span_taps(DX), R12; \
	MOVQ R12, R11; \
	SHLQ $4, R11; \
	SHRQ $4, R12; \
	XORL AX, AX; \
	MOVQ span_frac(DX), BX; \
	MOVL $FRACTION, R13; \
	VMOVD R13, X15

// For each frame: R13 the row, Y14 the place in it in all lanes, R15 the loop's count.
#define ROW \
	MOVQ BX, R13; \
	SHRQ $(64-const_rowBits), R13; \
	IMULQ R11, R13; \
	ADDQ R10, R13; \
	MOVQ BX, R15; \
	SHLQ $const_rowBits, R15; \
	SHRQ $1, R15; \
	VXORPS X14, X14, X14; \
	VCVTSI2SSQ R15, X14, X14; \
	VMULSS X15, X14, X14; \
	VBROADCASTSS X14, Y14; \
	MOVQ R12, R15

// The weights of the group of 8 taps at the offset at, by Horner's scheme.
#define WEIGH(at, w) \
	VMOVUPS (at+96)(R13), w; \
	VFMADD213PS (at+64)(R13), Y14, w; \
	VFMADD213PS (at+32)(R13), Y14, w; \
	VFMADD213PS at(R13), Y14, w

// func pairAVX2(s *span)
TEXT ·pairAVX2(SB), NOSPLIT, $0-8
	PROLOGUE

frame:
	ROW
	LEAQ (R8)(AX*4), SI
	LEAQ (R9)(AX*4), R14

	// The first group begins the sums: Y0, Y1 of channel 0, Y2, Y3 of channel 1.
	WEIGH(0, Y4)
	VMULPS (SI), Y4, Y0
	VMULPS (R14), Y4, Y2
	VXORPS Y1, Y1, Y1
	VXORPS Y3, Y3, Y3

groups:
	WEIGH(128, Y4)
	WEIGH(256, Y5)
	VFMADD231PS 32(SI), Y4, Y0
	VFMADD231PS 32(R14), Y4, Y2
	VFMADD231PS 64(SI), Y5, Y1
	VFMADD231PS 64(R14), Y5, Y3
	ADDQ $256, R13
	ADDQ $64, SI
	ADDQ $64, R14
	DECQ R15
	JNZ groups

	VADDPS Y1, Y0, Y0
	VADDPS Y3, Y2, Y2
	VHADDPS Y2, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS X1, X0, X0
	VHADDPS X0, X0, X0
	VMOVSD X0, (DI)
	MOVQ span_stride(DX), SI
	LEAQ (DI)(SI*4), DI
	ADDQ (span_step+place_frac)(DX), BX
	ADCQ (span_step+place_frames)(DX), AX
	DECQ CX
	JNZ frame
	VZEROUPPER
	RET

// func monoAVX2(s *span)
TEXT ·monoAVX2(SB), NOSPLIT, $0-8
	PROLOGUE

frame:
	ROW
	LEAQ (R8)(AX*4), SI

	// The first group begins the sums, Y0 and Y1.
	WEIGH(0, Y4)
	VMULPS (SI), Y4, Y0
	VXORPS Y1, Y1, Y1

groups:
	WEIGH(128, Y4)
	WEIGH(256, Y5)
	VFMADD231PS 32(SI), Y4, Y0
	VFMADD231PS 64(SI), Y5, Y1
	ADDQ $256, R13
	ADDQ $64, SI
	DECQ R15
	JNZ groups

	VADDPS Y1, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS X1, X0, X0
	VHADDPS X0, X0, X0
	VHADDPS X0, X0, X0
	VMOVSS X0, (DI)
	MOVQ span_stride(DX), SI
	LEAQ (DI)(SI*4), DI
	ADDQ (span_step+place_frac)(DX), BX
	ADCQ (span_step+place_frames)(DX), AX
	DECQ CX
	JNZ frame
	VZEROUPPER
	RET
