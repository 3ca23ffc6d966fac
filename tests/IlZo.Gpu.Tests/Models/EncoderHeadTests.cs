using IlZo.Adapters;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Core.Tests;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Perturbations;

namespace IlZo.Gpu.Tests.Models;

/// <summary>Heads on the average of an encoder's states, which is attention of no layer: it has no prefix where layers have one.</summary>
public class EncoderHeadTests
{
    [Theory]
    [InlineData("bert-classes", false)]
    [InlineData("bert-classes", true)]
    [InlineData("distilbert-classes", true)]
    public void Classes_at_perturbed_weights_are_those_of_the_processor(string name, bool hasPrefix)
    {
        using var temp = new TempFolder();
        string folder = TestData.Path("fixtures", "forward", name);
        File.Copy(Path.Combine(folder, "model.safetensors"), temp["model.safetensors"]);
        string config = File.ReadAllText(Path.Combine(folder, "config.json"));
        File.WriteAllText(
            temp["config.json"], config.Replace("{\n  \"arch", "{\n  \"classifier_pooling\": \"mean\", \"arch", StringComparison.Ordinal));
        using var model = ModelLoader.Load(temp.Path);
        using var processor = new CpuBackend(1);
        if (hasPrefix)
        {
            AdapterFactory.Attach(model, new AdapterOptions("prefix") { PrefixTokens = 3 }, processor);
        }

        using var device = new TestDevice();
        device.Backend.Load(model.Parameters);
        var builder = new TokenBatchBuilder();
        foreach (int[] text in (int[][])[[2, 9, 8, 3], [2, 5, 6, 7, 8, 9, 10, 11, 3], [.. Enumerable.Range(2, 50)]])
        {
            builder.Read(builder.AddText(text, [0, .. Enumerable.Repeat(name == "bert-classes" ? 1 : 0, text.Length - 1)]), 0);
        }

        var batch = builder.Build();
        (int, int)[] targets = [(0, 0), (0, 2), (1, 1), (2, 2)];
        var direction = new GaussianDirection(new NoiseKey(3, NoiseStream.Direction, 1, 0));
        Probe[] probes = [new Probe(direction, 1e-2), new Probe(direction, -1e-2)];
        var expected = processor.Begin(batch, probes);
        double[][] wanted = expected.LogProbabilities(model.Forward(expected), model.Head, targets);
        var pass = device.Backend.Begin(batch, probes);
        double[][] found = pass.LogProbabilities(model.Forward(pass), model.Head, targets);
        for (int p = 0; p < probes.Length; p++)
        {
            for (int t = 0; t < targets.Length; t++)
            {
                Near.Equal(wanted[p][t], found[p][t], 2e-5);
            }
        }

        Assert.NotEqual(wanted[0], wanted[1]);
    }
}
