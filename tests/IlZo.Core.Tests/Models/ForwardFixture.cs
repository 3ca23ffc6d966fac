using System.Runtime.InteropServices;
using System.Text.Json;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Perturbations;

namespace IlZo.Core.Tests.Models;

/// <summary>One folder of golden forward passes; see tests/data/fixtures/forward/README.md.</summary>
internal sealed unsafe class ForwardFixture : IDisposable
{
    private readonly SafetensorsFile _expected;

    public ForwardFixture(string name, int threads = 2)
        : this(name, new CpuBackend(threads))
    {
    }

    /// <summary>The same on a backend that is disposed of with the fixture.</summary>
    public ForwardFixture(string name, CpuBackend backend)
    {
        Folder = TestData.Path("fixtures", "forward", name);
        Model = ModelCatalog.Load(CheckpointFolder.Open(Folder));
        Backend = backend;
        _expected = SafetensorsFile.Open(Path.Combine(Folder, "expected.safetensors"));
        using var inputs = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "inputs.json")));
        Inputs = [.. inputs.RootElement.GetProperty("inputs").EnumerateArray().Where(BeginsAtZero).Select(Input.Parse)];
    }

    public string Folder { get; }

    public LanguageModel Model { get; }

    public CpuBackend Backend { get; }

    public IReadOnlyList<Input> Inputs { get; }

    public float[] Expected(string tensor)
    {
        var entry = _expected.Tensors.Single(t => t.Name == tensor);
        return [.. MemoryMarshal.Cast<byte, float>(new ReadOnlySpan<byte>(entry.Data, (int)entry.ByteCount))];
    }

    /// <summary>Texts that begin alike, in two segments, and end each in its own way; the last token of each is read.</summary>
    public static TokenBatch Tree(int[] prompt, int[] middle, IEnumerable<int[]> endings)
    {
        var builder = new TokenBatchBuilder();
        int shared = builder.AddContinuation(builder.AddText(prompt), middle);
        foreach (int[] ending in endings)
        {
            builder.Read(builder.AddContinuation(shared, ending), ending.Length - 1);
        }

        return builder.Build();
    }

    /// <summary>The batch of one input with every token read.</summary>
    public static TokenBatch Batch(params ReadOnlySpan<int[]> texts)
    {
        var builder = new TokenBatchBuilder();
        foreach (int[] text in texts)
        {
            int segment = builder.AddText(text);
            for (int i = 0; i < text.Length; i++)
            {
                builder.Read(segment, i);
            }
        }

        return builder.Build();
    }

    public float[] Logits(TokenBatch batch)
    {
        var pass = Backend.Begin(batch, [Probe.Unperturbed]);
        float[] logits = new float[batch.Outputs.Count * Model.Shape.Vocabulary];
        pass.Logits(Model.Forward(pass), Model.Head, logits);
        return logits;
    }

    /// <summary>log p(token t+1 | tokens up to t) of one text at each probe.</summary>
    public double[][] LogProbabilities(int[] ids, params IReadOnlyList<Probe> probes) =>
        LogProbabilities(ids, [.. ids.Skip(1).Select((id, i) => (i, id))], probes);

    /// <summary>log p of an input's targets at each probe.</summary>
    public double[][] LogProbabilities(Input input, params IReadOnlyList<Probe> probes) =>
        LogProbabilities(input.Ids, input.Targets, probes);

    private double[][] LogProbabilities(int[] ids, IReadOnlyList<(int Output, int Id)> targets, IReadOnlyList<Probe> probes)
    {
        var batch = Batch(ids);
        var pass = Backend.Begin(batch, probes);
        return pass.LogProbabilities(Model.Forward(pass), Model.Head, targets);
    }

    // GPT-2 called without positions numbers the padding too; rotary positions only matter by their differences.
    private bool BeginsAtZero(JsonElement input) =>
        Model.Shape.Architecture != "GPT2LMHeadModel"
        || input.GetProperty("position_ids")[input.GetProperty("attention_mask").EnumerateArray().TakeWhile(m => m.GetInt32() == 0).Count()]
            .GetInt32() == 0;

    public void Dispose()
    {
        Backend.Dispose();
        Model.Dispose();
        _expected.Dispose();
    }

    /// <summary>
    /// One row: its real tokens, the padded slot that each of them has, and what is predicted: the token after each, or those that masks
    /// stand for. Its expected log-probabilities are the tensor <paramref name="Expected"/> at <paramref name="ExpectedAt"/>.
    /// </summary>
    public sealed record Input(
        string Name, int[] Ids, int[] Slots, IReadOnlyList<(int Output, int Id)> Targets, string Expected, IReadOnlyList<int> ExpectedAt)
    {
        public static Input Parse(JsonElement json)
        {
            string name = json.GetProperty("name").GetString()!;
            int[] padded = Numbers("input_ids");
            int[] mask = Numbers("attention_mask");
            int[] slots = [.. Enumerable.Range(0, padded.Length).Where(i => mask[i] == 1)];
            int[] ids = [.. slots.Select(i => padded[i])];
            if (!json.TryGetProperty("mask_positions", out _))
            {
                return new Input(name, ids, slots, [.. ids.Skip(1).Select((id, i) => (i, id))], name + ".logprobs", slots[..^1]);
            }

            int[] labels = Numbers("mask_labels");
            (int, int)[] targets = [.. Numbers("mask_positions").Select((slot, i) => (Array.IndexOf(slots, slot), labels[i]))];
            return new Input(name, ids, slots, targets, name + ".mask_logprobs", [.. Enumerable.Range(0, labels.Length)]);

            int[] Numbers(string property) => [.. json.GetProperty(property).EnumerateArray().Select(e => e.GetInt32())];
        }
    }
}
