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
        var duration = TimeSpan.FromSeconds(int.TryParse(Environment.GetEnvironmentVariable("ILZO_STRESS_SECONDS"), out int seconds) ? seconds : 1);
        using var function = PanelFunction.Emitted(kernel);
        Assert.NotNull(function);
        using var ended = new CancellationTokenSource(duration);
        Task[] workers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() => TileThread.Run(() => Multiply(function, ended.Token))))];

        // Each collection stops the workers wherever they are.
        while (!ended.IsCancellationRequested)
        {
            GC.KeepAlive(new byte[100_000]);
            GC.Collect(0);
        }

        await Task.WhenAll(workers);
    }

    private static void Multiply(PanelFunction function, CancellationToken end)
    {
        using var operands = new PanelOperands(function.Kernel, groups: 3, columns: 256);
        float[] expected = operands.Run(function.Run);
        for (int round = 0; !end.IsCancellationRequested; round++)
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
