using IlZo.Ptx;

namespace IlZo.Gpu.Tests.Interpreter;

public class InstructionTests
{
    [Theory]
    [InlineData("add.s32", int.MaxValue, 1, int.MinValue)]
    [InlineData("sub.s32", int.MinValue, 1, int.MaxValue)]
    [InlineData("mul.lo.s32", 0x10001, 0x10001, 0x20001)]
    [InlineData("mul.hi.s32", -1, 3, -1)]
    [InlineData("mul.hi.u32", -1, 3, 2)]
    [InlineData("div.s32", -7, 2, -3)]
    [InlineData("div.s32", int.MinValue, -1, int.MinValue)]
    [InlineData("div.u32", -1, 16, 0x0FFFFFFF)]
    [InlineData("rem.s32", -7, 2, -1)]
    [InlineData("rem.u32", -1, 16, 15)]
    [InlineData("min.s32", -1, 1, -1)]
    [InlineData("min.u32", -1, 1, 1)]
    [InlineData("max.u32", -1, 1, -1)]
    [InlineData("and.b32", 12, 10, 8)]
    [InlineData("or.b32", 12, 10, 14)]
    [InlineData("xor.b32", 12, 10, 6)]
    [InlineData("shl.b32", 3, 31, int.MinValue)]
    [InlineData("shl.b32", 3, 32, 0)]
    [InlineData("shr.s32", -8, 1, -4)]
    [InlineData("shr.s32", -8, 40, -1)]
    [InlineData("shr.u32", -8, 28, 15)]
    [InlineData("shr.u32", -8, 32, 0)]
    public void Integers_of_32_bits(string opcode, int a, int b, int expected) => Assert.Equal(
        (uint)expected, PtxRig.Compute(opcode, PtxType.B32, (PtxType.B32, (uint)a), (PtxType.B32, (uint)b)));

    [Theory]
    [InlineData("mul.wide.s32", -3, 5, -15L)]
    [InlineData("mul.wide.u32", -1, 2, 0x1_FFFF_FFFEL)]
    public void Products_of_twice_the_size(string opcode, int a, int b, long expected) => Assert.Equal(
        (ulong)expected, PtxRig.Compute(opcode, PtxType.B64, (PtxType.B32, (uint)a), (PtxType.B32, (uint)b)));

    [Fact]
    public void Mad_adds_to_a_product_modulo_its_size()
    {
        Assert.Equal(5ul, PtxRig.Compute("mad.lo.u64", PtxType.B64, (PtxType.B64, 1ul << 63), (PtxType.B64, 2ul), (PtxType.B64, 5ul)));
        Assert.Equal(0xFFFFFFFFul - 5, PtxRig.Compute(
            "mad.lo.s32", PtxType.B32, (PtxType.B32, 0xFFFFFFFFul), (PtxType.B32, 7ul), (PtxType.B32, 1ul)));
    }

    [Theory]
    [InlineData(0x3210, 0x44332211)]
    [InlineData(0x7654, 0x887766D5)]
    [InlineData(0x0123, 0x11223344)]
    [InlineData(0x5410, 0x66D52211)]
    [InlineData(0x00C8, 0x1111FF00)]
    public void Prmt_chooses_bytes_or_their_signs(uint selector, uint expected) => Assert.Equal(
        expected,
        PtxRig.Compute("prmt.b32", PtxType.B32, (PtxType.B32, 0x44332211ul), (PtxType.B32, 0x887766D5ul), (PtxType.B32, selector)));

    [Theory]
    [InlineData(0x96)]
    [InlineData(0xEA)]
    [InlineData(0x80)]
    [InlineData(0xF0)]
    [InlineData(0xCC)]
    [InlineData(0xAA)]
    [InlineData(0x00)]
    public void Lop3_looks_up_bits(int table)
    {
        // The operands whose function is the table, by the definition of PTX.
        (string, PtxType, Func<int, ulong>) Number(string name, ulong value) => (name, PtxType.B32, _ => value);
        ulong[][] result = new PtxRig().Run(
            $"lop3.b32 d, a, b, c, {table};", PtxWarp.AllLanes, Number("d", 0), Number("a", 0xF0), Number("b", 0xCC), Number("c", 0xAA));
        Assert.Equal((uint)table, result[0][0] & 0xFF);
    }

    [Theory]
    [InlineData(1.0f, 0x3C00)]
    [InlineData(-1.0009765f, 0xBC00)]
    [InlineData(1.0009766f, 0x3C01)]
    [InlineData(65519f, 0x7BFF)]
    [InlineData(-1e30f, 0xFBFF)]
    [InlineData(6e-8f, 0x0001)]
    [InlineData(-1.1e-7f, 0x8001)]
    [InlineData(5.9e-8f, 0x0000)]
    [InlineData(float.NegativeInfinity, 0xFC00)]
    [InlineData(float.NaN, 0x7FFF)]
    public void Conversions_to_16_bits_cut_off_where_they_are_told_to(float value, int half) => Assert.Equal(
        (ulong)half, PtxRig.Compute("cvt.rz.f16.f32", PtxType.B16, (PtxType.F32, PtxRig.Bits(value))));

    [Fact]
    public void Fma_rounds_once()
    {
        float a = 1 + MathF.ScaleB(1, -12);
        ulong Compute(string opcode) => PtxRig.Compute(
            opcode, PtxType.F32, (PtxType.F32, PtxRig.Bits(a)), (PtxType.F32, PtxRig.Bits(a)), (PtxType.F32, PtxRig.Bits(-1)));
        Assert.Equal(MathF.ScaleB(1, -11) + MathF.ScaleB(1, -24), PtxRig.Single(Compute("fma.rn.f32")));
    }

    [Theory]
    [InlineData(1.0f, 0x3C00, 0x3F80)]
    [InlineData(-2.5f, 0xC100, 0xC020)]
    [InlineData(65520f, 0x7C00, 0x4780)]
    [InlineData(1.00048828125f, 0x3C00, 0x3F80)]
    [InlineData(1.00146484375f, 0x3C02, 0x3F80)]
    [InlineData(1.00390625f, 0x3C04, 0x3F80)]
    [InlineData(1.01171875f, 0x3C0C, 0x3F82)]
    [InlineData(float.NaN, 0x7FFF, 0x7FFF)]
    [InlineData(float.PositiveInfinity, 0x7C00, 0x7F80)]
    public void Conversions_to_16_bits_round_to_the_nearest_and_ties_to_even(float value, int half, int bfloat)
    {
        ulong bits = PtxRig.Bits(value);
        Assert.Equal((ulong)half, PtxRig.Compute("cvt.rn.f16.f32", PtxType.B16, (PtxType.F32, bits)));
        Assert.Equal((ulong)bfloat, PtxRig.Compute("cvt.rn.bf16.f32", PtxType.B16, (PtxType.F32, bits)));
        Assert.Equal(((ulong)half << 16) | 0x4000, PtxRig.Compute(
            "cvt.rn.f16x2.f32", PtxType.B32, (PtxType.F32, bits), (PtxType.F32, PtxRig.Bits(2))));
        Assert.Equal(((ulong)bfloat << 16) | 0x4000, PtxRig.Compute(
            "cvt.rn.bf16x2.f32", PtxType.B32, (PtxType.F32, bits), (PtxType.F32, PtxRig.Bits(2))));
    }

    [Theory]
    [InlineData("cvt.rzi.u32.f32", -1f, 0u)]
    [InlineData("cvt.rzi.u32.f32", 2.9f, 2u)]
    [InlineData("cvt.rzi.u32.f32", 1e20f, uint.MaxValue)]
    [InlineData("cvt.rzi.s32.f32", -2.9f, unchecked((uint)-2))]
    [InlineData("cvt.rni.s32.f32", 2.5f, 2u)]
    [InlineData("cvt.rzi.s32.f32", float.NaN, 0u)]
    [InlineData("cvt.rzi.s32.f32", -1e20f, 0x80000000u)]
    public void Conversions_to_integers_stop_at_the_ends_of_the_type(string opcode, float value, uint expected) =>
        Assert.Equal(expected, PtxRig.Compute(opcode, PtxType.B32, (PtxType.F32, PtxRig.Bits(value))));

    [Theory]
    [InlineData("cvt.s64.s32", 0xFFFFFFFEul, 0xFFFFFFFFFFFFFFFEul)]
    [InlineData("cvt.u64.u32", 0xFFFFFFFEul, 0xFFFFFFFEul)]
    [InlineData("cvt.s64.s16", 0xFFFEul, 0xFFFFFFFFFFFFFFFEul)]
    public void Conversions_to_wider_integers_keep_the_number(string opcode, ulong value, ulong expected) =>
        Assert.Equal(expected, PtxRig.Compute(
            opcode, PtxType.B64, (opcode.EndsWith("16", StringComparison.Ordinal) ? PtxType.B16 : PtxType.B32, value)));

    [Theory]
    [InlineData("lt", false)]
    [InlineData("ne", false)]
    [InlineData("ltu", true)]
    [InlineData("neu", true)]
    [InlineData("nan", true)]
    [InlineData("num", false)]
    public void Comparisons_with_what_is_not_a_number(string comparison, bool expected) => Assert.Equal(
        expected ? 1ul : 0,
        PtxRig.Compute($"setp.{comparison}.f32", PtxType.Pred, (PtxType.F32, PtxRig.Bits(float.NaN)), (PtxType.F32, PtxRig.Bits(1))));

    [Theory]
    [InlineData("ex2.approx.f32", 3, 8)]
    [InlineData("lg2.approx.f32", 8, 3)]
    [InlineData("sin.approx.f32", 0, 0)]
    [InlineData("cos.approx.f32", 0, 1)]
    [InlineData("tanh.approx.f32", 0, 0)]
    [InlineData("rcp.rn.f32", 4, 0.25f)]
    [InlineData("sqrt.rn.f32", 9, 3)]
    [InlineData("rsqrt.approx.f32", 4, 0.5f)]
    [InlineData("neg.f32", 2, -2)]
    [InlineData("abs.f32", -2, 2)]
    public void Functions_of_one_number(string opcode, float a, float expected) =>
        Assert.Equal(expected, PtxRig.Single(PtxRig.Compute(opcode, PtxType.F32, (PtxType.F32, PtxRig.Bits(a)))));

    [Theory]
    [InlineData("min.f32", 1, 2, 1)]
    [InlineData("max.f32", 1, 2, 2)]
    [InlineData("max.f32", float.NaN, 2, 2)]
    [InlineData("min.f32", 1, float.NaN, 1)]
    [InlineData("div.rn.f32", 1, 3, 1 / 3f)]
    [InlineData("sub.f32", 1, 3, -2)]
    public void Functions_of_two_numbers(string opcode, float a, float b, float expected) => Assert.Equal(
        expected, PtxRig.Single(PtxRig.Compute(opcode, PtxType.F32, (PtxType.F32, PtxRig.Bits(a)), (PtxType.F32, PtxRig.Bits(b)))));

    [Fact]
    public void Numbers_of_64_bits()
    {
        (PtxType, ulong) Number(double value) => (PtxType.F64, BitConverter.DoubleToUInt64Bits(value));
        double Compute(string opcode, params (PtxType, ulong)[] sources) =>
            BitConverter.UInt64BitsToDouble(PtxRig.Compute(opcode, PtxType.F64, sources));
        Assert.Equal(0.1 + 0.2, Compute("add.f64", Number(0.1), Number(0.2)));
        Assert.Equal(Math.FusedMultiplyAdd(0.1, 0.1, -0.01), Compute("fma.rn.f64", Number(0.1), Number(0.1), Number(-0.01)));
        Assert.Equal(0.1f, Compute("cvt.f64.f32", (PtxType.F32, PtxRig.Bits(0.1f))));
        Assert.Equal(-3.0, Compute("cvt.rn.f64.s32", (PtxType.B32, 0xFFFFFFFD)));
        Assert.Equal(0.1f, PtxRig.Single(PtxRig.Compute("cvt.rn.f32.f64", PtxType.F32, Number(0.1))));
        Assert.Equal(0xFFFFFFFDul, PtxRig.Compute("cvt.rzi.s32.f64", PtxType.B32, Number(-3.9)));
        Assert.Equal(1ul, PtxRig.Compute("setp.lt.f64", PtxType.Pred, Number(0.1), Number(0.2)));
    }

    [Fact]
    public void Moves_pack_and_unpack()
    {
        var results = new PtxRig().Run(
            "{ .reg .b16 x<2>; mov.b32 {x0, x1}, a; mov.b32 d, {x1, x0}; mov.b64 e, {a, d}; }",
            1,
            ("d", PtxType.B32, _ => 0),
            ("a", PtxType.B32, _ => 0x12345678),
            ("e", PtxType.B64, _ => 0));
        Assert.Equal(0x56781234ul, results[0][0]);
        Assert.Equal(0x5678123412345678ul, results[2][0]);
    }

    [Fact]
    public void Loads_take_vectors_and_extend_what_is_narrower_than_a_register()
    {
        var rig = new PtxRig();
        for (int i = 0; i < 16; i++)
        {
            rig.GlobalBytes[i] = (byte)(0x80 + i);
        }

        var results = rig.Run(
            "ld.global.v4.b32 {x0, x1, x2, x3}, [g]; st.shared.v2.b32 [1024], {x3, x2}; ld.global.u8 x0, [g+1]; ld.global.s8 x1, [g+1]; "
                + "ld.shared.b64 y, [1024];",
            1,
            [("y", PtxType.B64, _ => 0), .. Enumerable.Range(0, 4)
                .Select(i => ($"x{i}", PtxType.B32, (Func<int, ulong>)(_ => 0))), ("g", PtxType.B64, _ => PtxRig.GlobalBase)]);
        Assert.Equal([0x8B8A89888F8E8D8C, 0x81, 0xFFFFFF81, 0x8B8A8988, 0x8F8E8D8C], results[..5].Select(r => r[0]));
    }

    [Fact]
    public void Generic_addresses_reach_both_memories()
    {
        var results = new PtxRig().Run(
            "mov.u64 x, 1032; cvta.shared.u64 x, x; st.u32 [x], 5; cvta.global.u64 y, g; st.u32 [y+4], 6; ld.u32 a, [x]; ld.shared.u32 b, "
                + "[1032]; ld.global.u32 c, [g+4]; cvta.to.shared.u64 x, x;",
            1,
            ("x", PtxType.B64, _ => 0),
            ("y", PtxType.B64, _ => 0),
            ("a", PtxType.B32, _ => 0),
            ("b", PtxType.B32, _ => 0),
            ("c", PtxType.B32, _ => 0),
            ("g", PtxType.B64, _ => PtxRig.GlobalBase));
        Assert.Equal([1032ul, 5, 5, 6], ((int[])[0, 2, 3, 4]).Select(i => results[i][0]));
    }

    [Theory]
    [InlineData("idx", 3, 31, 3, 3)]
    [InlineData("bfly", 1, 31, 4, 30)]
    [InlineData("down", 4, 31, 9, 31)]
    [InlineData("up", 4, 0, 1, 27)]
    [InlineData("down", 4, 0x181F, 5, 31)]
    [InlineData("bfly", 1, 0x181F, 4, 30)]
    [InlineData("idx", 11, 0x181F, 3, 27)]
    public void Shuffles_read_other_lanes_or_where_there_is_none_their_own(string mode, int b, int c, int ofFifth, int ofLast)
    {
        var results = new PtxRig().Run(
            $"shfl.sync.{mode}.b32 d, a, {b}, {c}, 0xFFFFFFFF;", PtxWarp.AllLanes, ("d", PtxType.B32, _ => 0),
            ("a", PtxType.B32, l => (ulong)l));
        Assert.Equal((ulong)ofFifth, results[0][5]);
        Assert.Equal((ulong)ofLast, results[0][31]);
    }

    [Fact]
    public void Lanes_that_part_meet_again()
    {
        // The sum of the odd numbers below each lane, and mma afterwards, which needs all lanes.
        var results = new PtxRig().Run(
            """
            mov.b32 d, 0;
            mov.b32 i, 0;
            LOOP: setp.ge.u32 p, i, l;
            @p bra END;
            and.b32 t, i, 1;
            setp.eq.u32 p, t, 0;
            @p bra NEXT;
            add.s32 d, d, i;
            NEXT: add.s32 i, i, 1;
            bra.uni LOOP;
            END: ldmatrix.sync.aligned.m8n8.x1.shared.b16 {t}, [a];
            """,
            PtxWarp.AllLanes,
            ("d", PtxType.B32, _ => 0),
            ("l", PtxType.B32, l => (ulong)l),
            ("i", PtxType.B32, _ => 0),
            ("t", PtxType.B32, _ => 0),
            ("p", PtxType.Pred, _ => 0),
            ("a", PtxType.B32, _ => 1024));
        for (int lane = 0; lane < 32; lane++)
        {
            Assert.Equal((ulong)((lane / 2) * (lane / 2)), results[0][lane]);
        }
    }
}
