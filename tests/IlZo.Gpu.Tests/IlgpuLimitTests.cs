using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using IlZo.Gpu.Tests.Ptx;
using IlZo.Kernels;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu.Tests;

/// <summary>
/// What ILGPU does that kernels and the host's side work around (docs/upstream). A version that does otherwise fails these tests, and
/// then the way around it can go.
/// </summary>
public unsafe class IlgpuLimitTests
{
    // In the sums of a norm all threads read a result between two barriers, before others write the next.
    [Fact]
    public void A_load_from_shared_memory_moves_behind_a_barrier_at_O2_and_stays_at_O1()
    {
        Assert.Equal(2, LoadsBetweenBarriers(OptimizationLevel.O1));
        Assert.Equal(1, LoadsBetweenBarriers(OptimizationLevel.O2));
    }

    [Fact]
    public void An_array_moves_while_it_is_copied_to_by_reference_and_not_as_a_span()
    {
        using var device = new TestDevice();
        using var buffer = new CollectingBuffer(device.Accelerator);
        var view = buffer.AsArrayView<int>(0, CollectingBuffer.Count);
        Assert.True(Moves(array => view.CopyToCPU(device.Accelerator.DefaultStream, ref array[0], array.Length)));
        Assert.False(Moves(array => view.CopyToCPU(device.Accelerator.DefaultStream, array.AsSpan())));

        bool Moves(Action<int[]> copy)
        {
            bool moves = false;
            for (int i = 0; i < 5; i++)
            {
                buffer.Target = NewArray();
                copy(buffer.Target);
                moves |= buffer.HasMoved;
            }

            return moves;
        }
    }

    [Fact]
    public void The_text_for_newer_gpus_is_for_compute_capability_8_0()
    {
        string text = PtxText.Of(Normalize.Run, CudaArchitecture.SM_90, CudaInstructionSet.ISA_88).Text;
        Assert.Contains(".version 8.8", text, StringComparison.Ordinal);
        Assert.Contains(".target sm_80", text, StringComparison.Ordinal);
    }

    private static int LoadsBetweenBarriers(OptimizationLevel level)
    {
        using var context = Context.Create(b => b.EnableKernels().Optimize(level));
        var architecture = CudaArchitecture.SM_80;
        using var backend = new PTXBackend(
            context, new CudaCapabilityContext(architecture), architecture, CudaInstructionSet.ISA_75, null);
        var entry = EntryPointDescription.FromExplicitlyGroupedKernel(((Action<NormalizeArguments>)Normalize.Run).Method);
        string text = ((PTXCompiledKernel)backend.Compile(entry, KernelSpecialization.Empty)).PTXAssembly;
        string[] all =
            [.. text.Split('\n').Select(l => l.Trim()).Where(l => IsBarrier(l) || l.Contains(".shared", StringComparison.Ordinal))];
        return Enumerable.Range(1, all.Length - 2).Count(i => IsLoad(all[i]) && IsBarrier(all[i - 1]) && IsBarrier(all[i + 1]));
    }

    private static bool IsBarrier(string line) => line.StartsWith("bar.sync", StringComparison.Ordinal);

    private static bool IsLoad(string line) => line.StartsWith("ld.shared", StringComparison.Ordinal);

    // Behind something that a collection clears away.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int[] NewArray()
    {
        for (int i = 0; i < 100; i++)
        {
            GC.KeepAlive(new byte[1000]);
        }

        return new int[CollectingBuffer.Count];
    }

    // Instead of copying, collects garbage, and looks whether the target is still where it was said to be.
    private sealed class CollectingBuffer(Accelerator accelerator) : MemoryBuffer(accelerator, Count, sizeof(int))
    {
        public const int Count = 4;

        public int[] Target { get; set; } = [];

        public bool HasMoved { get; private set; }

        protected override void CopyTo(AcceleratorStream stream, in ArrayView<byte> sourceView, in ArrayView<byte> targetView)
        {
            nint told = targetView.LoadEffectiveAddressAsPtr();
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            HasMoved = told != (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(Target));
        }

        protected override void CopyFrom(AcceleratorStream stream, in ArrayView<byte> sourceView, in ArrayView<byte> targetView)
        {
        }

        protected override void MemSet(AcceleratorStream stream, byte value, in ArrayView<byte> targetView)
        {
        }

        protected override void DisposeAcceleratorObject(bool disposing)
        {
        }
    }
}
