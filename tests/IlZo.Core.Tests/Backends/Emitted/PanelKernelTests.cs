using IlZo.Backends.Cpu.Emitted;
using Xunit;

namespace IlZo.Core.Tests.Backends.Emitted;

public unsafe class PanelKernelTests
{
    public static TheoryData<string> Kernels => ["dot product", "tiles", "split tiles"];

    [Theory]
    [MemberData(nameof(Kernels))]
    public void The_machine_code_interpreted_gives_the_bits_of_its_twin(string name)
    {
        var kernel = Kernel(name);
        foreach (var (groups, columns) in ((int, int)[])[(1, 32), (2, 64), (3, 32), (2, 96), (1, 160), (1, 768)])
        {
            using var operands = new PanelOperands(kernel, groups, columns);
            var arguments = operands.Arguments;
            float[] expected = operands.Run(kernel.Reference);
            byte[] shapes = TileKernel.Shapes();
            fixed (byte* tileShapes = shapes)
            {
                arguments.TileShapes = tileShapes;
                var interpreter = operands.Allow(new Interpreter()).Allow(&arguments, sizeof(PanelArguments)).Allow(
                    tileShapes, shapes.Length);
                interpreter.Call(kernel.Code, &arguments);
            }

            Assert.Equal(Bits(expected), Bits(operands.Result()));
        }
    }

    [Fact]
    public void VDPBF16PS_gives_the_bits_of_its_twin()
    {
        Assert.SkipUnless(CpuFeatures.HasDotProduct, "The processor has no AVX512_BF16.");
        CheckHardware(DotProductKernel.Create());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TDPBF16PS_gives_the_bits_of_its_twin(bool split)
    {
        Assert.SkipUnless(MayUseTiles(), "Tiles are tried with ILZO_TEST_AMX=1, where the processor and the operating system offer them.");
        TileThread.Run(() => CheckHardware(TileKernel.Create(split)));
    }

    // Tile instructions have run on no hardware yet, and where they fail, they may end the process with all other tests in it.
    internal static bool MayUseTiles() =>
        Environment.GetEnvironmentVariable("ILZO_TEST_AMX") == "1" && CpuFeatures.HasTiles && TileThread.RequestTiles();

    internal static PanelKernel Kernel(string name) =>
        name == "dot product" ? DotProductKernel.Create() : TileKernel.Create(name == "split tiles");

    private static void CheckHardware(PanelKernel kernel)
    {
        using var function = PanelFunction.Emitted(kernel);
        Assert.NotNull(function);
        foreach (var (groups, columns) in ((int, int)[])[(1, 32), (3, 64), (5, 768)])
        {
            using var operands = new PanelOperands(kernel, groups, columns);
            Assert.Equal(Bits(operands.Run(kernel.Reference)), Bits(operands.Run(function.Run)));
        }
    }

    private static IEnumerable<int> Bits(float[] values) => values.Select(BitConverter.SingleToInt32Bits);
}
