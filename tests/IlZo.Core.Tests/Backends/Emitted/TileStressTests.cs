using System.Runtime.CompilerServices;
using IlZo.Backends.Cpu.Emitted;
using Xunit;

namespace IlZo.Core.Tests.Backends.Emitted;

/// <summary>
/// Tile threads under garbage collections, exceptions and caught null references. A second by default; the environment variable
/// ILZO_STRESS_SECONDS makes it longer.
/// </summary>
public class TileStressTests
{
    [Theory]
    [MemberData(nameof(PanelKernelTests.Kernels), MemberType = typeof(PanelKernelTests))]
    public async Task Products_keep_their_bits_whatever_interrupts_their_threads(string name)
    {
        var kernel = PanelKernelTests.Kernel(name);
        bool possible = kernel.NeedsTiles ? PanelKernelTests.MayUseTiles() : CpuFeatures.HasDotProduct;
        Assert.SkipUnless(possible, $"This machine has no {kernel.Name}, or ILZO_TEST_AMX=1 does not ask for it.");
        var duration = TimeSpan.FromSeconds(
            int.TryParse(Environment.GetEnvironmentVariable("ILZO_STRESS_SECONDS"), out int seconds) ? seconds : 1);
        using var function = PanelFunction.Emitted(kernel);
        Assert.NotNull(function);
        long end = Environment.TickCount64 + (long)duration.TotalMilliseconds;

        // Threads of their own: a machine with one processor may have no second thread in its pool.
        Task[] workers = [.. Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(
            () => TileThread.Run(() => Multiply(function, end)), default, TaskCreationOptions.LongRunning, TaskScheduler.Default))];

        // Each collection stops the workers wherever they are.
        while (Environment.TickCount64 < end)
        {
            GC.KeepAlive(new byte[100_000]);
            GC.Collect(0);
        }

        await Task.WhenAll(workers);
    }

    private static void Multiply(PanelFunction function, long end)
    {
        using var operands = new PanelOperands(function.Kernel, groups: 3, columns: 256);
        float[] expected = operands.Run(function.Run);
        for (int round = 0; Environment.TickCount64 < end; round++)
        {
            float[] actual = operands.Run(function.Run);
            Assert.True(expected.AsSpan().SequenceEqual(actual), $"Round {round} gave other bits.");
            CatchSomething(round);
        }
    }

    private static void CatchSomething(int round)
    {
        try
        {
            _ = round % 2 == 0 ? LengthOf(null!) : throw new InvalidOperationException();
        }
        catch (Exception e) when (e is NullReferenceException or InvalidOperationException)
        {
            // What is tested is that the process lives and tiles still work.
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int LengthOf(string text) => text.Length;
}
