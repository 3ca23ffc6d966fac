using System.Runtime.InteropServices;
using IlZo.Ptx;

namespace IlZo.Gpu.Tests.Interpreter;

/// <summary>A whole kernel of one warpgroup and one product.</summary>
public class WarpgroupKernelTests
{
    private const int Columns = 8;
    private const int Inner = 16;
    private const string Wait = "wgmma.wait_group.sync.aligned 0;";

    private static readonly SharedLayout s_left = new(32, WarpgroupRig.Rows);
    private static readonly SharedLayout s_right = new(32, Columns, (int)PtxMemory.Base + 2048);

    private readonly PtxRig _rig = new();

    [Fact]
    public void Four_warps_compute_a_product()
    {
        var (a, b) = Write();
        Launch(Text(Wait));
        var d = MemoryMarshal.Cast<byte, float>(_rig.GlobalBytes);
        for (int row = 0; row < WarpgroupRig.Rows; row++)
        {
            for (int column = 0; column < Columns; column++)
            {
                Assert.Equal(Enumerable.Range(0, Inner).Sum(k => a[row, k] * b[column, k]), d[(row * Columns) + column]);
            }
        }
    }

    [Fact]
    public void A_kernel_must_wait_for_what_it_starts()
    {
        Write();
        AssertError("The kernel ends without a wait for 'wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16'", Text(string.Empty));
        Assert.Equal(-1, _rig.GlobalBytes.AsSpan(..2048).IndexOfAnyExcept((byte)0xFF));
    }

    [Fact]
    public void The_warps_of_a_warpgroup_must_have_the_same_matrices()
    {
        Write();
        AssertError("different 'wgmma.mma_async'", Text(Wait).Replace("// BEFORE", "@p0 mov.b64 q3, q4;", StringComparison.Ordinal));
    }

    [Fact]
    public void A_warpgroup_must_be_whole() => AssertError("the group ends before the fourth", Text(Wait), threads: 96);

    // Each thread copies 32 bytes, and then has the product of what all copied.
    private static string Text(string wait) =>
        $$"""
        .version 8.0
        .target sm_90a
        .address_size 64
        .extern .shared .align 1024 .b8 memory[];
        .visible .entry Kernel(.param .u64 y)
        {
            .reg .pred p<2>; .reg .b32 r<10>; .reg .b64 q<5>; .reg .f32 d<4>;
            mov.u32 r0, %tid.x; shl.b32 r1, r0, 5; mov.u32 r2, memory; add.u32 r2, r2, r1;
            ld.param.u64 q0, [y]; mul.wide.u32 q1, r0, 32; add.u64 q1, q0, q1;
            ld.global.v4.b32 {r4, r5, r6, r7}, [q1]; st.shared.v4.b32 [r2], {r4, r5, r6, r7};
            ld.global.v4.b32 {r4, r5, r6, r7}, [q1+16]; st.shared.v4.b32 [r2+16], {r4, r5, r6, r7};
            bar.sync 0;
            mov.b64 q3, 0x{{s_left.Descriptor(0):X}}; mov.b64 q4, 0x{{s_right.Descriptor(0):X}};
            setp.ge.u32 p0, r0, 64; setp.ne.u32 p1, 0, 0;
            // BEFORE
            wgmma.fence.sync.aligned;
            wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {d0, d1, d2, d3}, q3, q4, p1, 1, 1, 0, 0;
            wgmma.commit_group.sync.aligned;
            {{wait}}
            shr.u32 r4, r0, 5; shl.b32 r4, r4, 4; and.b32 r5, r0, 31; shr.u32 r6, r5, 2; add.u32 r4, r4, r6;
            and.b32 r5, r5, 3; shl.b32 r5, r5, 1; mad.lo.u32 r4, r4, 8, r5; mul.wide.u32 q1, r4, 4; add.u64 q1, q0, q1;
            st.global.v2.f32 [q1], {d0, d1}; st.global.v2.f32 [q1+256], {d2, d3};
            ret;
        }
        """;

    // Global memory has A and B as shared memory is to have them. Sums of small integers are exact.
    private (int[,] A, int[,] B) Write()
    {
        var random = new Random(1);
        int[,] Matrix(SharedLayout layout)
        {
            int[,] matrix = new int[layout.Rows, Inner];
            ushort[,] halves = new ushort[layout.Rows, Inner];
            for (int row = 0; row < layout.Rows; row++)
            {
                for (int k = 0; k < Inner; k++)
                {
                    matrix[row, k] = random.Next(-20, 20);
                    halves[row, k] = BitConverter.HalfToUInt16Bits((Half)matrix[row, k]);
                }
            }

            layout.Write(_rig.GlobalBytes, halves);
            return matrix;
        }

        return (Matrix(s_left), Matrix(s_right));
    }

    private void Launch(string text, int threads = 128) => PtxKernel.Load(text).Launch(
        new PtxLaunch((1, 1, 1), threads, 4096), _rig, BitConverter.GetBytes(PtxRig.GlobalBase));

    private void AssertError(string message, string text, int threads = 128) =>
        Assert.Contains(message, Assert.Throws<PtxException>(() => Launch(text, threads)).Message, StringComparison.Ordinal);
}
