using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Backends.Cpu.Emitted;
using Xunit;

namespace IlZo.Core.Tests.Backends.Emitted;

/// <summary>Attention by the kernels' machine code; what it computes is tested with their twins.</summary>
public sealed unsafe class BFloat16AttentionTests
{
    private const int Tokens = 130;

    [Theory]
    [MemberData(nameof(PanelKernelTests.Kernels), MemberType = typeof(PanelKernelTests))]
    public void The_machine_code_interpreted_gives_the_bits_of_its_twin(string name)
    {
        var kernel = PanelKernelTests.Kernel(name);
        Assert.Equal(Run(kernel), Run(kernel with { Reference = arguments => Interpret(kernel, arguments) }));
    }

    [Fact]
    public void VDPBF16PS_gives_the_bits_of_its_twin()
    {
        Assert.SkipUnless(CpuFeatures.HasDotProduct, "The processor has no AVX512_BF16.");
        var kernel = DotProductKernel.Create();
        using var function = PanelFunction.Emitted(kernel);
        Assert.NotNull(function);
        Assert.Equal(Run(kernel), Run(new BFloat16Products(function)));
    }

    [Fact]
    public void Tiles_are_used_on_prepared_threads_alone()
    {
        Assert.SkipUnless(CpuFeatures.IsSupportedSystem, "Threads are prepared on Linux x86-64.");
        int elsewhere = 0;
        int calls = 0;
        var kernel = TileKernel.Create(split: true);
        void Count(PanelArguments arguments)
        {
            Interlocked.Increment(ref calls);
            Interlocked.Add(ref elsewhere, Thread.CurrentThread.Name?.StartsWith("ilzo worker", StringComparison.Ordinal) == true ? 0 : 1);
            kernel.Reference(arguments);
        }

        using var function = PanelFunction.Reference(kernel with { Reference = Count });
        Run(new CountingProducts(new BFloat16Products(function), needsTiles: true));
        Assert.InRange(calls, 1, int.MaxValue);
        Assert.Equal(0, elsewhere);
    }

    private static float[] Run(PanelKernel kernel)
    {
        using var function = PanelFunction.Reference(kernel);
        return Run(new BFloat16Products(function));
    }

    private static float[] Run(ProductEngine products)
    {
        using var backend = new CpuBackend(2, products);
        using var trial = new AttentionTrial(Tokens, 2, 1, 40);
        return trial.Run(backend, AttentionTrial.Text(Tokens))[0];
    }

    // With what the operands have and no byte beyond.
    private static void Interpret(PanelKernel kernel, PanelArguments arguments)
    {
        long rows = arguments.Groups * kernel.Rows;
        long row = (kernel.Layout.IsSplit ? BFloat16Layout.LowRowOffset : 0) + (arguments.Columns * sizeof(ushort));
        byte[] shapes = TileKernel.Shapes();
        fixed (byte* tileShapes = shapes)
        {
            arguments.TileShapes = tileShapes;
            new Interpreter()
                .Allow(&arguments, sizeof(PanelArguments))
                .Allow(tileShapes, shapes.Length)
                .Allow(arguments.Weights, ((rows - 1) * kernel.Layout.RowBytes) + row)
                .Allow(arguments.Activations, kernel.Layout.PanelBytes((int)arguments.Columns))
                .Allow(arguments.Result, rows * Panel.Lanes * sizeof(float))
                .Call(kernel.Code, &arguments);
        }
    }
}
