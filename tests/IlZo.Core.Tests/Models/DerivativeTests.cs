using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using IlZo.Adapters;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Checkpoints;
using IlZo.Core.Tests.Backends;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>Derivatives of the losses of whole models, by a pass in forward mode.</summary>
public sealed unsafe class DerivativeTests : IDisposable
{
    private static readonly int[] s_ids = [.. Enumerable.Range(0, 45).Select(i => (i * 7) % 50)];

    private readonly TempFolder _temp = new();

    public static TheoryData<string> Classifiers => ["bert-classes", "distilbert-classes"];

    public void Dispose() => _temp.Dispose();

    // The fixtures have gᵀz by autograd in fp64, or a difference in fp64 over 1e-5.
    [Theory]
    [MemberData(nameof(ForwardFixtureTests.All), MemberType = typeof(ForwardFixtureTests))]
    public void Derivatives_are_those_of_the_reference(string folder)
    {
        using var fixture = new ForwardFixture(folder);
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(fixture.Folder, "directional.json")));
        foreach (var direction in json.RootElement.GetProperty("directions").EnumerateObject())
        {
            var sign = PerturbedLossTests.Direction(direction.Name);
            double expected = direction.Value.TryGetProperty("g_dot_z", out var exact)
                ? exact.GetDouble()
                : direction.Value.GetProperty("evaluations").EnumerateArray()
                    .Single(e => e.GetProperty("eps").GetDouble() == 1e-5).GetProperty("projected_gradient").GetDouble();
            double[] tangents = fixture.LogProbabilities(fixture.Inputs[0], Probe.Derivative(sign))[1];
            double scale = Math.Sqrt(tangents.Average(t => t * t));
            Near.Equal(expected, -tangents.Average(), 1e-5 * scale);
        }
    }

    [Fact]
    public void The_derivative_along_a_Gaussian_direction_is_its_product_with_the_gradient()
    {
        foreach (string folder in (string[])["llama-gqa", "opt-tiny"])
        {
            using var fixture = new ForwardFixture(folder);
            using var gradient = SafetensorsFile.Open(Path.Combine(fixture.Folder, "gradient.safetensors"));
            for (uint query = 0; query < 8; query++)
            {
                var z = Gaussian(query);
                double exact = fixture.Model.Parameters.All.Sum(p => PerturbedLossTests.Dot(p, z, gradient));
                double[] tangents = fixture.LogProbabilities(fixture.Inputs[0].Ids, Probe.Derivative(z))[1];
                Near.Equal(exact, -tangents.Average(), 1e-5 * Norm(gradient));
            }
        }

        static double Norm(SafetensorsFile gradient) => Math.Sqrt(gradient.Tensors.Sum(
            t => MemoryMarshal.Cast<byte, float>(new ReadOnlySpan<byte>(t.Data, (int)t.ByteCount)).ToArray().Sum(v => (double)v * v)));
    }

    [Theory]
    [MemberData(nameof(ForwardFixtureTests.All), MemberType = typeof(ForwardFixtureTests))]
    public void Values_are_the_bits_of_a_plain_pass_and_threads_change_nothing(string folder)
    {
        using var plain = new ForwardFixture(folder, threads: 2);
        double[] values = plain.LogProbabilities(plain.Inputs[0], Probe.Unperturbed)[0];
        double[][] first = plain.LogProbabilities(plain.Inputs[0], Probe.Derivative(Gaussian(1)));
        Assert.Equal(values, first[0]);
        Assert.Contains(first[1], t => t != 0);
        foreach (int threads in (int[])[1, 2, 3, 4, 5])
        {
            using var fixture = new ForwardFixture(folder, threads);
            Assert.Equal(first, fixture.LogProbabilities(fixture.Inputs[0], Probe.Derivative(Gaussian(1))));
        }

        // What comes after is a plain pass again.
        Assert.Equal(values, plain.LogProbabilities(plain.Inputs[0], Probe.Unperturbed)[0]);
    }

    // Twice a direction moves exponents alone; sums of directions are rounded.
    [Theory]
    [MemberData(nameof(ForwardFixtureTests.All), MemberType = typeof(ForwardFixtureTests))]
    public void Derivatives_are_linear_in_the_direction(string folder)
    {
        using var fixture = new ForwardFixture(folder);
        var (u, v) = (Gaussian(1), Gaussian(2));
        double[] ofU = Along(u);
        double[] ofV = Along(v);
        double[] sum = Along(new SumDirection([(1, u), (1, v)]));
        double scale = Math.Sqrt(ofU.Average(x => x * x));
        Assert.Equal([.. ofU.Select(x => 2 * x)], Along(new SumDirection([(2, u)])));
        Assert.Equal([.. ofU.Select(x => -x)], Along(new SumDirection([(-1, u)])));
        for (int i = 0; i < sum.Length; i++)
        {
            Near.Equal(ofU[i] + ofV[i], sum[i], 1e-5 * scale);
        }

        double[] Along(Direction direction) => fixture.LogProbabilities(fixture.Inputs[0], Probe.Derivative(direction))[1];
    }

    [Theory]
    [MemberData(nameof(ForwardFixtureTests.All), MemberType = typeof(ForwardFixtureTests))]
    public void Differences_of_our_own_losses_tend_to_the_derivative(string folder)
    {
        using var fixture = new ForwardFixture(folder);
        RequireDifferences(probes => fixture.LogProbabilities(fixture.Inputs[0], probes), HasKinks(folder));
    }

    [Theory]
    [MemberData(nameof(SharedActivationTests.Choices), MemberType = typeof(SharedActivationTests))]
    public void Freezing_equals_a_direction_of_zeros_bit_for_bit(string folder, string pattern)
    {
        using var fixture = new ForwardFixture(folder);
        string[] trained = [.. SharedActivationTests.Chosen(fixture, pattern)];
        var z = Gaussian(1);
        double[][] expected = fixture.LogProbabilities(s_ids, Probe.Derivative(new SharedActivationTests.Masked(z, trained)));
        fixture.Model.Parameters.Train(p => trained.Contains(p.Name));
        double[][] actual = fixture.LogProbabilities(s_ids, Probe.Derivative(z));
        Assert.Equal(expected, actual);
        Assert.Contains(actual[1], t => t != 0);
    }

    [Theory]
    [InlineData("*", 3, 3, 0)]
    [InlineData("*layers.1.*", 2, 1, 0)]
    [InlineData("*layers.2.fc2.bias", 0, 0, 0)]
    [InlineData("*layers.2.fc2.weight", 0, 0, 1)]
    public void A_product_is_computed_again_for_each_tangent_of_its_operands_that_is_not_zero(
        string pattern, int layersWithInputs, int layersWithWeights, int halfMlpsWithWeights)
    {
        using var fixture = new ForwardFixture("opt-tiny");
        string[] trained = [.. SharedActivationTests.Chosen(fixture, pattern)];
        fixture.Model.Parameters.Train(p => trained.Contains(p.Name));
        var shape = fixture.Model.Shape;
        double mlp = 2.0 * shape.Intermediate / ((4.0 * shape.Hidden) + (2 * shape.Intermediate));
        long once = Layers(Probe.Unperturbed);
        double expected = 1 + ((layersWithInputs + layersWithWeights + (halfMlpsWithWeights * mlp / 2)) / shape.Layers);
        Near.Equal(expected, (double)Layers(Probe.Derivative(Gaussian(1))) / once, 1e-12);

        long Layers(Probe probe)
        {
            fixture.Backend.Profile.Reset();
            var builder = new TokenBatchBuilder();
            builder.AddText(s_ids);
            fixture.Model.Forward(fixture.Backend.Begin(builder.Build(), [probe]));
            return fixture.Backend.Profile.Products;
        }
    }

    [Theory]
    [MemberData(nameof(ForwardFixtureTests.Causal), MemberType = typeof(ForwardFixtureTests))]
    public void A_shared_prefix_gives_the_bits_of_separate_rows(string folder)
    {
        using var fixture = new ForwardFixture(folder);
        int[] prompt = fixture.Inputs[2].Ids[..20];
        int[][] endings = [[5, 6, 7], [8], [.. Enumerable.Range(10, 40)]];
        double[][] shared = Of(ForwardFixture.Tree(prompt, [3, 4], endings), [(0, 9), (1, 9), (2, 9)]);
        for (int i = 0; i < endings.Length; i++)
        {
            int[] text = [.. prompt, 3, 4, .. endings[i]];
            double[][] alone = Of(ForwardFixture.Batch(text), [(text.Length - 1, 9)]);
            Assert.Equal((alone[0][0], alone[1][0]), (shared[0][i], shared[1][i]));
        }

        double[][] Of(TokenBatch batch, (int Output, int Id)[] targets)
        {
            var pass = fixture.Backend.Begin(batch, [Probe.Derivative(Gaussian(1))]);
            return pass.LogProbabilities(fixture.Model.Forward(pass), fixture.Model.Head, targets);
        }
    }

    [Theory]
    [InlineData("opt-tiny", "lora")]
    [InlineData("gpt2-tiny", "lora")]
    [InlineData("llama-gqa", "lora")]
    [InlineData("gemma2-tiny", "lora")]
    [InlineData("phi3-tiny", "lora")]
    [InlineData("roberta-tiny", "lora")]
    [InlineData("opt-tiny", "prefix")]
    [InlineData("llama-gqa", "prefix")]
    [InlineData("gemma2-tiny", "prefix")]
    public void Adapters_have_derivatives(string folder, string kind)
    {
        using var fixture = new ForwardFixture(folder);
        AdapterFactory.Attach(
            fixture.Model, new AdapterOptions(kind) { Targets = kind == "lora" ? "all-linear" : null }, fixture.Backend);
        Move(fixture.Model.Adapter!);
        RequireDifferences(probes => fixture.LogProbabilities(s_ids, probes), HasKinks(folder));
    }

    [Theory]
    [InlineData(DType.Q4_0)]
    [InlineData(DType.Q8_0)]
    public void Scales_of_blocks_have_derivatives(DType type)
    {
        using (var source = ModelLoader.Load(TestData.Path("models", "stories260K")))
        {
            QuantizedCheckpoint.Save(source, _temp["blocks"], type);
        }

        using var model = ModelLoader.Load(_temp["blocks"]);
        AdapterFactory.Attach(model, new AdapterOptions("scales"), null);
        using var backend = new CpuBackend(2);
        int[] ids = [.. Enumerable.Range(0, 40).Select(i => 3 + ((i * 11) % 500))];
        (int, int)[] targets = [.. ids.Skip(1).Select((id, i) => (i, id))];
        RequireDifferences(
            probes =>
            {
                var pass = backend.Begin(ForwardFixture.Batch(ids), probes);
                return pass.LogProbabilities(model.Forward(pass), model.Head, targets);
            },
            hasKinks: false);
    }

    [Theory]
    [MemberData(nameof(Classifiers))]
    public void Classification_heads_have_derivatives(string folder)
    {
        foreach (string pooling in (string[])["cls", "mean"])
        {
            string copy = _temp[pooling];
            Directory.CreateDirectory(copy);
            string source = TestData.Path("fixtures", "forward", folder);
            var config = JsonNode.Parse(File.ReadAllText(Path.Combine(source, "config.json")))!;
            config["classifier_pooling"] = pooling;
            File.WriteAllText(Path.Combine(copy, "config.json"), config.ToJsonString());
            File.Copy(Path.Combine(source, "model.safetensors"), Path.Combine(copy, "model.safetensors"));
            using var model = ModelLoader.Load(copy);
            using var backend = new CpuBackend(2);
            int[] ids = [.. s_ids.Take(20)];
            RequireDifferences(
                probes =>
                {
                    var builder = new TokenBatchBuilder();
                    int text = builder.AddText(ids);
                    builder.Read(text, 0);
                    var pass = backend.Begin(builder.Build(), probes);
                    return pass.LogProbabilities(model.Forward(pass), model.Head, [(0, 0), (0, 1), (0, 2)]);
                },
                HasKinks(folder));
        }
    }

    // The fixtures whose nonlinearity is ReLU.
    private static bool HasKinks(string folder) => folder.StartsWith("opt", StringComparison.Ordinal) || folder == "distilbert-classes";

    // The mean of central differences over ε and 2ε that cancels ε² (Richardson's). Losses are rounded by some 1e-7, and so differences
    // over ε by some 1e-3. Where there are kinks, some are crossed on the way: the error is as large as ε, and where ε is small, so is it.
    private static void RequireDifferences(Func<Probe[], double[][]> logProbabilities, bool hasKinks)
    {
        var (epsilon, tolerance) = hasKinks ? (4e-5, 3e-2) : (4e-4, 3e-3);
        for (uint query = 0; query < 3; query++)
        {
            var z = Gaussian(query);
            double derivative = logProbabilities([Probe.Derivative(z)])[1].Average();
            double near = Difference(z, epsilon);
            double far = Difference(z, 2 * epsilon);
            Near.Equal(((4 * near) - far) / 3, derivative, tolerance * (1 + Math.Abs(derivative)));
        }

        double Difference(Direction z, double radius)
        {
            double[][] found = logProbabilities([Probe.Pair(z, radius)]);
            return (found[0].Average() - found[1].Average()) / (2 * radius);
        }
    }

    private static void Move(Adapter adapter)
    {
        var random = new Random(2);
        foreach (var tensor in adapter.Parameters)
        {
            foreach (ref float value in Adapter.Values(tensor))
            {
                value += (random.NextSingle() - 0.5f) * 0.4f;
            }
        }
    }

    private static GaussianDirection Gaussian(uint query) => new(new NoiseKey(5, NoiseStream.Direction, 0, query));
}
