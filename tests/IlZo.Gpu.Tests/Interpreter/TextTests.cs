using IlZo.Ptx;

namespace IlZo.Gpu.Tests.Interpreter;

/// <summary>Texts that an assembler would refuse.</summary>
public class TextTests
{
    [Theory]
    [InlineData("frobnicate.b32 d, d;", "The instruction 'frobnicate.b32' is not known")]
    [InlineData("cvt.f32.bf16 f, d;", "The instruction 'cvt.f32.bf16' is not known")]
    [InlineData("add.s32 d, d, e;", "'e' is not declared")]
    [InlineData("add.s32 d, d, f;", "'f' is declared as .f32 where .s32 is expected")]
    [InlineData("add.s32 d, d, w;", "'w' is declared as .b64 where .s32 is expected")]
    [InlineData("add.f32 f, f, 1;", "1 is no number of type .f32")]
    [InlineData("add.s32 d, d, 0f3F800000;", "a number of type .f32 stands where .s32 is expected")]
    [InlineData("add.s32 d, d, 4294967296;", "4294967296 is no number of type .s32")]
    [InlineData("add.s32 d, d;", "3 operands were expected, 2 found")]
    [InlineData("add.s32 1, d, d;", "a register was expected")]
    [InlineData("@d add.s32 d, d, d;", "'d' is declared as .b32 where .pred is expected")]
    [InlineData("ld.global.b32 d, [s];", "'s' is no address in .global")]
    [InlineData("ld.global.v2.b32 d, [w];", "operand 0 has 1 elements where 2 were expected")]
    [InlineData("ld.shared.b32 d, [1026];", "not a multiple of 4")]
    [InlineData("{ .reg .b32 x; } mov.b32 d, x;", "'x' is not declared")]
    [InlineData(".reg .b32 y; .reg .f32 y;", "'y' is declared twice")]
    [InlineData("bra NOWHERE;", "a label was expected")]
    [InlineData("add.s32 d, d, d", "';' was expected")]
    [InlineData("{ mov.b32 d, 0;", "A brace is not closed")]
    [InlineData("}", "a brace is closed that was not opened")]
    [InlineData(".frob x;", "the directive '.frob' is not known")]
    [InlineData("mov.b32 d, 0xyz;", "'0xyz' is no number")]
    [InlineData("div.s32 d, d, 0;", "division by zero")]
    public void A_wrong_text_is_an_error_that_says_what_is_wrong(string text, string message)
    {
        var error = Assert.Throws<PtxException>(() => new PtxRig().Run(
            ".shared .align 16 .b8 s[64];" + text, 1, ("d", PtxType.B32, _ => 0), ("f", PtxType.F32, _ => 0),
            ("w", PtxType.B64, _ => PtxRig.GlobalBase)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Declarations_outside_of_braces_stay()
    {
        var rig = new PtxRig();
        rig.Run(".reg .f32 acc<4>; .shared .align 16 .b8 tile[64]; mov.f32 acc3, 0f40400000;", 1);
        var results = rig.Run(
            "/* registers and memory */ add.f32 d, acc3, 0f3F800000; mov.u32 s, tile; // of another text", 1, ("d", PtxType.F32, _ => 0),
            ("s", PtxType.B32, _ => 0));
        Assert.Equal(4, PtxRig.Single(results[0][0]));
        Assert.Equal(1024ul, results[1][0]);
    }

    [Fact]
    public void A_register_is_not_a_number_until_it_is_written()
    {
        var results = new PtxRig().Run(".reg .f32 x; mov.f32 d, x;", 1, ("d", PtxType.F32, _ => 0));
        Assert.True(float.IsNaN(PtxRig.Single(results[0][0])));
    }

    [Fact]
    public void Lanes_must_not_part_at_a_branch_that_is_said_to_be_uniform()
    {
        var error = Assert.Throws<PtxException>(() => new PtxRig().Run(
            "setp.eq.u32 p, l, 3; @p bra.uni END; END:", PtxWarp.AllLanes, ("p", PtxType.Pred, _ => 0), ("l", PtxType.B32, l => (ulong)l)));
        Assert.Contains("uniform", error.Message, StringComparison.Ordinal);
    }
}
