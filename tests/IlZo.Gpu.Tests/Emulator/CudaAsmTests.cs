using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu.Tests.Emulator;

/// <summary>What the emulator makes of PTX in kernels.</summary>
public sealed class CudaAsmTests : IDisposable
{
    private readonly TestDevice _device = new();

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Registers_of_a_text_last_for_the_thread() => Assert.Equal([0, 3, 6, 9, 12], Run(Accumulate, groups: 1, threads: 5, count: 5));

    [Fact]
    public void The_threads_of_a_warp_multiply_matrices_together()
    {
        // A[i, k] = i + k and B[k, j] = [k = j], in two warps of each of two groups, with a factor for each warp.
        float[] y = Run(Multiply, groups: 2, threads: 64, count: 4 * 128);
        for (int warp = 0; warp < 4; warp++)
        {
            for (int i = 0; i < 128; i++)
            {
                Assert.Equal((warp + 1) * ((i / 8) + (i % 8)), y[(warp * 128) + i]);
            }
        }
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(1, true)]
    [InlineData(0, false)]
    public void Copies_that_are_not_waited_for_give_no_numbers(int except, bool isNaN)
    {
        float[] y = Run(except switch { 0 => Copy0, 1 => Copy1, _ => Copy2 }, groups: 2, threads: 4, count: 8);
        Assert.All(y, v => Assert.Equal(isNaN, float.IsNaN(v)));
    }

    [Fact]
    public void What_other_threads_copy_needs_a_barrier()
    {
        Assert.DoesNotContain(Run(CopyOfNeighbour, groups: 1, threads: 4, count: 4), float.IsNaN);
        Assert.Contains(Run(CopyOfNeighbourWithoutBarrier, groups: 1, threads: 4, count: 4), float.IsNaN);
    }

    [Fact]
    public void Memory_of_views_has_addresses() => Assert.Equal([0, 10, 20, 30], Run(Tenfold, groups: 1, threads: 4, count: 4));

    [Fact]
    public void Operands_by_reference_are_read_and_written() => Assert.Equal([0, -1, 2, -2, 4, -3, 6, -4], Run(DoubleAndNegate, groups: 1, threads: 4, count: 8));

    [Fact]
    public void Wrong_uses_are_errors_that_say_so()
    {
        AssertError("the warp has 4", Multiply, threads: 4);
        AssertError("16 threads wait at", MultiplyInHalfAWarp, threads: 64);
        AssertError("not in a buffer of the device", ReadOutside);
        AssertError("no address of shared memory", GlobalAsShared);
        AssertError("single percent sign", LonePercent);
        AssertError("'acc0' is declared twice", DeclareTwice);
        AssertError("50000 bytes of shared memory", DeclareTooMuch);
        AssertError("Double is no type", UseDouble);
    }

    private static void DoubleAndNegate(ArrayView<float> y)
    {
        Output<float> doubled = default, negated = default;
        Input<float> x = (float)Group.IdxX, one = 1f, unused = 0f;
        CudaAsm.EmitRef("add.f32 %0, %2, %2; { .reg .f32 s; add.f32 s, %2, %3; neg.f32 %1, s; }", ref doubled, ref negated, ref x, ref one, ref unused);
        y[2 * Group.IdxX] = doubled.Value;
        y[(2 * Group.IdxX) + 1] = negated.Value;
    }

    private static void Accumulate(ArrayView<float> y)
    {
        CudaAsm.Emit(".reg .f32 acc<2>;");
        CudaAsm.Emit("mov.f32 acc1, 0f00000000;");
        for (int i = 0; i < 3; i++)
        {
            CudaAsm.Emit("add.f32 acc1, acc1, %0;", (float)Group.IdxX);
        }

        CudaAsm.Emit("mov.f32 %0, acc1;", out float result);
        y[Group.IdxX] = result;
    }

    private static void Multiply(ArrayView<float> y)
    {
        int lane = Group.IdxX % 32;
        int warp = (Grid.IdxX * 2) + (Group.IdxX / 32);
        int row = lane / 4;
        int pair = 2 * (lane % 4);
        CudaAsm.Emit(".reg .f32 acc<4>;");
        CudaAsm.Emit("mov.f32 acc0, 0f00000000; mov.f32 acc1, 0f00000000; mov.f32 acc2, 0f00000000; mov.f32 acc3, 0f00000000;");
        CudaAsm.Emit(
            "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {acc0, acc1, acc2, acc3}, {%0, %1, %2, %3}, {%4, %5}, {acc0, acc1, acc2, acc3};",
            Pair(row + pair, row + pair + 1),
            Pair(row + 8 + pair, row + 8 + pair + 1),
            Pair(row + pair + 8, row + pair + 9),
            Pair(row + pair + 16, row + pair + 17),
            Pair(pair == row ? warp + 1 : 0, pair + 1 == row ? warp + 1 : 0),
            0u);
        CudaAsm.Emit("mov.f32 %0, acc0;", out float c0);
        CudaAsm.Emit("mov.f32 %0, acc1;", out float c1);
        CudaAsm.Emit("mov.f32 %0, acc2;", out float c2);
        CudaAsm.Emit("mov.f32 %0, acc3;", out float c3);
        long first = (warp * 128) + (row * 8) + pair;
        y[first] = c0;
        y[first + 1] = c1;
        y[first + 64] = c2;
        y[first + 65] = c3;
    }

    private static uint Pair(int low, int high)
    {
        CudaAsm.Emit("cvt.rn.f16x2.f32 %0, %1, %2;", out uint pair, (float)high, (float)low);
        return pair;
    }

    private static void MultiplyInHalfAWarp(ArrayView<float> y)
    {
        if (Group.IdxX < 32 || Group.IdxX % 2 == 0)
        {
            Multiply(y.SubView(0, 512));
        }
    }

    private static void Copy0(ArrayView<float> y)
    {
        Begin(y);
        CudaAsm.Emit("cp.async.wait_group 0;");
        End(y);
    }

    private static void Copy1(ArrayView<float> y)
    {
        Begin(y);
        CudaAsm.Emit("cp.async.wait_group 1;");
        End(y);
    }

    private static void Copy2(ArrayView<float> y)
    {
        Begin(y);
        End(y);
    }

    private static void Begin(ArrayView<float> y)
    {
        y[(Grid.IdxX * 4) + Group.IdxX] = Group.IdxX;
        CudaAsm.Emit(".shared .align 16 .b8 tile[64];");
        CudaAsm.Emit("mov.u32 %0, tile;", out uint tile);
        CudaAsm.Emit(
            "{ .reg .u64 g; cvta.to.global.u64 g, %1; cp.async.ca.shared.global [%0], [g], 4; }",
            tile + ((uint)Group.IdxX * 4),
            (ulong)y.SubView((Grid.IdxX * 4) + Group.IdxX, 1).LoadEffectiveAddressAsPtr());
        CudaAsm.Emit("cp.async.commit_group;");
    }

    private static void End(ArrayView<float> y)
    {
        CudaAsm.Emit("{ .reg .u32 t; mov.u32 t, tile; add.s32 t, t, %1; ld.shared.f32 %0, [t]; }", out float result, Group.IdxX * 4);
        y[(Grid.IdxX * 4) + Group.IdxX] = result;
    }

    private static void CopyOfNeighbour(ArrayView<float> y)
    {
        Begin(y);
        CudaAsm.Emit("cp.async.wait_all;");
        CudaAsm.Emit("bar.sync 0;");
        ReadNeighbour(y);
    }

    private static void CopyOfNeighbourWithoutBarrier(ArrayView<float> y)
    {
        Begin(y);
        CudaAsm.Emit("cp.async.wait_all;");
        ReadNeighbour(y);
    }

    private static void ReadNeighbour(ArrayView<float> y)
    {
        CudaAsm.Emit("{ .reg .u32 t; mov.u32 t, tile; add.s32 t, t, %1; ld.shared.f32 %0, [t]; }", out float result, (Group.IdxX ^ 1) * 4);
        y[Group.IdxX] = result;
    }

    private static unsafe void Tenfold(ArrayView<float> y)
    {
        ref float shared = ref SharedMemory.GetDynamic<float>()[Group.IdxX];
        shared = Group.IdxX;
        CudaAsm.Emit(
            """
            {
                .reg .u64 s, g; .reg .f32 x;
                cvta.to.shared.u64 s, %0; cvta.to.global.u64 g, %1;
                ld.shared.f32 x, [s]; mul.f32 x, x, 0f41200000; st.global.f32 [g], x;
            }
            """,
            (ulong)Unsafe.AsPointer(ref shared),
            (ulong)Unsafe.AsPointer(ref y[Group.IdxX]));
    }

    private static void ReadOutside(ArrayView<float> y) => CudaAsm.Emit(
        "{ .reg .f32 x; ld.global.f32 x, [%0]; }", (ulong)y.LoadEffectiveAddressAsPtr() + ((ulong)y.Length * 4));

    private static void GlobalAsShared(ArrayView<float> y) => CudaAsm.Emit(
        "{ .reg .u64 s; cvta.to.shared.u64 s, %0; }", (ulong)y.LoadEffectiveAddressAsPtr());

    private static void LonePercent(ArrayView<float> y) => CudaAsm.Emit("mov.u32 %0, %laneid;", out uint _);

    private static void DeclareTwice(ArrayView<float> y)
    {
        CudaAsm.Emit(".reg .f32 acc<4>;");
        CudaAsm.Emit(".reg .f32 acc<2>;");
    }

    private static void DeclareTooMuch(ArrayView<float> y) => CudaAsm.Emit(".shared .b8 tile[40000];");

    private static void UseDouble(ArrayView<float> y) => CudaAsm.Emit("mov.f64 %0, %0;", 1.0);

    private void AssertError(string message, Action<ArrayView<float>> kernel, int threads = 1) =>
        Assert.Contains(message, Assert.Throws<KernelException>(() => Run(kernel, 1, threads, 512, sharedBytes: 10000)).Message, StringComparison.Ordinal);

    private float[] Run(Action<ArrayView<float>> kernel, int groups, int threads, int count, int sharedBytes = 16)
    {
        using var buffer = _device.Accelerator.AllocateRaw(count, sizeof(float));
        var view = new ArrayView<float>(buffer, 0, count);
        var stream = _device.Accelerator.DefaultStream;
        var config = new KernelConfig(new Index3D(groups, 1, 1), new Index3D(threads, 1, 1), SharedMemoryConfig.RequestDynamic<byte>(sharedBytes));
        _device.Accelerator.LoadKernel(kernel)(stream, config, view);
        float[] result = new float[count];
        view.Read(stream, result);
        return result;
    }
}
