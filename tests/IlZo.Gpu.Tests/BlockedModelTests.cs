using IlZo.Backends;
using IlZo.Core.Tests.Models;
using IlZo.Gpu.SelfTest;
using IlZo.Gpu.Tests.Kernels;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Gpu.Tests;

/// <summary>Weights in blocks against the same numbers in fp32, on a device: every bit is the same.</summary>
public unsafe class BlockedModelTests
{
    public static TheoryData<DType> Types => [.. Enum.GetValues<DType>().Where(type => type.IsBlocked())];

    // 37 rows of blocks of 19 bytes end in the middle of a word.
    [Theory]
    [MemberData(nameof(Types))]
    public void A_product_has_the_bits_of_widened_weights(DType type)
    {
        int inputs = type == DType.Q4_Z ? 96 : 256;
        using var blocks = RandomWeights.Create(type, ("e", [5, inputs]), ("w", [37, inputs]));
        using var wide = Widened(blocks);
        using var device = new TestDevice();
        float[][] of(ParameterSet set)
        {
            device.Backend.Load(set);
            return ProductTrial.Multiply(device.Backend, set, [Probe.Unperturbed], 5, WeightLayout.OutIn).Y;
        }

        float[][] expected = of(wide);
        Assert.Contains(expected[0], y => y != 0);
        Assert.DoesNotContain(expected[0], float.IsNaN);
        Assert.Equal(expected, of(blocks));
    }

    [Theory]
    [InlineData("gptq", 32)]
    [InlineData("awq", 128)]
    public void An_imported_model_has_the_logits_of_its_weights_in_fp32(string format, int group)
    {
        using var temp = new TempFolder();
        var packed = new PackedModel(format, group);
        packed.Write(temp["packed"], TestData.Path("models", "stories260K"));
        packed.WriteWide(temp["wide"], TestData.Path("models", "stories260K"));
        QuantizedImport.Save(temp["packed"], temp["blocks"], default);
        using var blocks = ModelLoader.Load(temp["blocks"]);
        Assert.Contains(blocks.Parameters.All, p => p.Type == DType.Q4_Z);
        using var wide = ModelLoader.Load(temp["wide"]);
        using var device = new TestDevice();
        float[] expected = Logits(wide);
        Assert.True(expected.Distinct().Count() > 100);
        Assert.Equal(expected, Logits(blocks));

        float[] Logits(LanguageModel model)
        {
            device.Backend.Load(model.Parameters);
            var pass = device.Backend.Begin(ForwardFixture.Batch([1, 403, 17, 8]), [Probe.Unperturbed]);
            float[] logits = new float[4 * model.Head.Rows];
            pass.Logits(model.Forward(pass), model.Head, logits);
            return logits;
        }
    }

    private static ParameterSet Widened(ParameterSet blocks)
    {
        var memory = new List<IDisposable>();
        var parameters = new List<Parameter>();
        foreach (var blocked in blocks.All)
        {
            var buffer = new NativeBuffer(blocked.Count * sizeof(float));
            memory.Add(buffer);
            float[] numbers = StoredNumbers.Of(blocked);
            numbers.CopyTo(new Span<float>(buffer.Data, numbers.Length));
            parameters.Add(new Parameter(blocked.Name, blocked.Shape, DType.F32, buffer.Data));
        }

        return new ParameterSet(parameters, memory);
    }
}
