using System.Runtime.InteropServices;
using IlZo.Ptx;

namespace IlZo.Gpu.Tests.Interpreter;

/// <summary>Whole texts, as a driver is given.</summary>
public class ModuleTests
{
    // Each thread writes its number to shared memory, and reads that of the thread opposite.
    private const string Reverse =
        """
        mov.u32 r1, %tid.x; shl.b32 r2, r1, 2; mov.u32 r3, memory; add.u32 r4, r3, r2;
        mov.u32 r5, %ctaid.y; mad.lo.u32 r5, r5, 1000, r1; st.shared.u32 [r4], r5;
        BARRIER
        mov.u32 r6, %ntid.x; sub.u32 r6, r6, 1; sub.u32 r6, r6, r1; shl.b32 r6, r6, 2; add.u32 r6, r3, r6; ld.shared.u32 r7, [r6];
        ld.param.u64 q1, [y]; cvta.to.global.u64 q1, q1; mov.u32 r8, %ctaid.y; mov.u32 r9, %ntid.x; mad.lo.u32 r8, r8, r9, r1;
        mul.wide.u32 q2, r8, 4; add.u64 q1, q1, q2; st.global.u32 [q1], r7;
        """;

    [Fact]
    public void Groups_of_several_warps_share_memory_from_barrier_to_barrier() =>
        Assert.Equal(Enumerable.Range(0, 2).SelectMany(g => Enumerable.Range(0, 70).Reverse().Select(t => (g * 1000) + t)), Run(
            Text(Reverse.Replace("BARRIER", "bar.sync 0;", StringComparison.Ordinal))));

    [Fact]
    public void A_missing_barrier_gives_wrong_results() =>
        Assert.Contains(-1, Run(Text(Reverse.Replace("BARRIER", string.Empty, StringComparison.Ordinal))));

    [Theory]
    [InlineData("setp.lt.u32 p1, r1, 40; @p1 bra END; bar.sync 0; END:", "threads of a warp are at an instruction for all of them")]
    [InlineData("setp.lt.u32 p1, r1, 32; @p1 bra END; bar.sync 0; END:", "1 of 3 warps of a group ended while the others wait")]
    [InlineData("setp.lt.u32 p1, r1, 40; @p1 ret; bar.sync 0;", "threads of a warp are at an instruction for all of them")]
    [InlineData(
        "mul.wide.u32 q2, r1, 4; ld.param.u64 q1, [y]; add.u64 q1, q1, q2; st.global.u32 [q1+500], r1;", "outside of global memory")]
    [InlineData("st.shared.u32 [memory+280], r1;", "not in shared memory")]
    [InlineData("ld.param.u64 q1, [y+8];", "are no parameters")]
    [InlineData("mov.u32 %tid.x, r1;", "'%tid.x' cannot be written")]
    [InlineData("ld.global.u32 r1, [r1];", "where an address in .global is expected")]
    [InlineData("call other;", "The instruction 'call' is not known")]
    public void What_is_undefined_on_a_gpu_is_an_error(string body, string message) =>
        Assert.Contains(
            message, Assert.Throws<PtxException>(() => Run(Text("mov.u32 r1, %tid.x;" + body))).Message, StringComparison.Ordinal);

    [Fact]
    public void Lanes_that_part_meet_where_all_of_them_must_come()
    {
        // In each round of the loop some lanes take a way that lies behind it; a branch in the loop is uniform only if they meet in the
        // round.
        int[] y = Run(Text(
            """
            mov.u32 r1, %tid.x; mov.u32 r2, 0; mov.u32 r3, 0;
            LOOP: setp.ge.u32 p1, r2, 8; @p1 bra.uni END;
            and.b32 r4, r1, r2; setp.ne.u32 p2, r4, 0; @p2 bra FAR;
            add.u32 r3, r3, 1;
            NEXT: add.u32 r2, r2, 1; bra.uni LOOP;
            FAR: add.u32 r3, r3, 100; bra.uni NEXT;
            END: ld.param.u64 q1, [y]; mul.wide.u32 q2, r1, 4; add.u64 q1, q1, q2; st.global.u32 [q1], r3; ret;
            """));
        for (int thread = 0; thread < 70; thread++)
        {
            int far = Enumerable.Range(0, 8).Count(i => (i & thread) != 0);
            Assert.Equal((100 * far) + 8 - far, y[thread]);
        }
    }

    [Fact]
    public void A_thread_has_memory_of_its_own()
    {
        int[] y = Run(Text(
            """
            .local .align 4 .b8 own[8];
            mov.u32 r1, %tid.x; mov.b64 q1, own; st.local.u32 [q1+4], r1; ld.local.u32 r2, [own+4]; ld.local.u32 r3, [own];
            ld.param.u64 q1, [y]; mul.wide.u32 q2, r1, 4; add.u64 q1, q1, q2; add.u32 r2, r2, r3; st.u32 [q1], r2;
            """));
        Assert.Equal(Enumerable.Range(-1, 70), y[..70]);
    }

    [Theory]
    [InlineData(".visible .entry f() { ret; }", "'.version' was expected")]
    [InlineData(".version 7.5 .target sm_80 .address_size 32 .visible .entry f() { ret; }", "'64' was expected")]
    [InlineData(".version 7.5 .target sm_80 .address_size 64 .visible .entry f() { ret; ", "it ends too early")]
    public void A_text_that_is_none_is_an_error(string text, string message) =>
        Assert.Contains(message, Assert.Throws<PtxException>(() => PtxKernel.Load(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Parameters_must_have_the_size_that_the_text_declares()
    {
        var kernel = PtxKernel.Load(Text("ret;"));
        var error = Assert.Throws<PtxException>(() => kernel.Launch(new PtxLaunch((1, 1, 1), 32, 0), new PtxRig(), new byte[12]));
        Assert.Contains("8 bytes of parameters, 12 were given", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_group_must_not_be_larger_than_the_text_says()
    {
        var kernel = PtxKernel.Load(
            Text("ret;").Replace("(.param .u64 y)", "(.param .u64 y)\n.maxntid 64, 1, 1\n.minnctapersm 2", StringComparison.Ordinal));
        kernel.Launch(new PtxLaunch((1, 1, 1), 64, 0), new PtxRig(), new byte[8]);
        var error = Assert.Throws<PtxException>(() => kernel.Launch(new PtxLaunch((1, 1, 1), 65, 0), new PtxRig(), new byte[8]));
        Assert.Contains("at most 64 threads, 65 were asked for", error.Message, StringComparison.Ordinal);
    }

    private static string Text(string body) =>
        $$"""
        .version 7.5
        .target sm_80
        .address_size 64
        .extern .shared .align 4 .b8 memory[];
        .visible .func (.param .f32 result) Unused(.param .f32 a) ;
        .visible .func (.param .f32 result) Unused(.param .f32 a)
        {
            .reg .f32 %f<2>; ld.param.f32 %f1, [a]; st.param.f32 [result], %f1; ret;
        }
        .visible .entry Kernel(.param .u64 y)
        {
            .reg .pred p<3>; .reg .b32 r<10>; .reg .b64 q<3>;
            {{body}}
        }
        """;

    private static int[] Run(string text)
    {
        var rig = new PtxRig();
        PtxKernel.Load(text).Launch(new PtxLaunch((1, 2, 1), 70, 70 * sizeof(int)), rig, BitConverter.GetBytes(PtxRig.GlobalBase + 3536));
        return MemoryMarshal.Cast<byte, int>(rig.GlobalBytes.AsSpan(3536)).ToArray();
    }
}
