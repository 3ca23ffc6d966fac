using System.Runtime.InteropServices;
using System.Text.Json;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Perturbations;

namespace IlZo.Core.Tests.Models;

/// <summary>One folder of golden forward passes; see tests/data/fixtures/forward/README.md.</summary>
public sealed unsafe class ForwardFixture : IDisposable
{
    private readonly SafetensorsFile _expected;

    public ForwardFixture(string name, int threads = 2)
    {
        Folder = TestData.Path("fixtures", "forward", name);
        Model = ModelCatalog.Load(CheckpointFolder.Open(Folder));
        Backend = new CpuBackend(threads);
        _expected = SafetensorsFile.Open(Path.Combine(Folder, "expected.safetensors"));
        using var inputs = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "inputs.json")));
        Inputs = [.. inputs.RootElement.GetProperty("inputs").EnumerateArray().Select(Input.Parse)];
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
        Backend.Begin(batch, [Probe.Unperturbed]);
        float[] logits = new float[batch.Outputs.Count * Model.Shape.Vocabulary];
        Backend.Logits(Model.Forward(Backend, batch), Model.Head, logits);
        return logits;
    }

    /// <summary>log p(token t+1 | tokens up to t) of one text at each probe.</summary>
    public double[][] LogProbabilities(int[] ids, params IReadOnlyList<Probe> probes)
    {
        var batch = Batch(ids);
        Backend.Begin(batch, probes);
        var hidden = Model.Forward(Backend, batch);
        return Backend.LogProbabilities(hidden, Model.Head, [.. ids.Skip(1).Select((id, i) => (i, id))]);
    }

    public void Dispose()
    {
        Backend.Dispose();
        Model.Dispose();
        _expected.Dispose();
    }

    /// <summary>One row: its real tokens and the padded slot that each of them has.</summary>
    public sealed record Input(string Name, int[] Ids, int[] Slots)
    {
        public static Input Parse(JsonElement json)
        {
            int[] ids = [.. json.GetProperty("input_ids").EnumerateArray().Select(e => e.GetInt32())];
            int[] mask = [.. json.GetProperty("attention_mask").EnumerateArray().Select(e => e.GetInt32())];
            int[] slots = [.. Enumerable.Range(0, ids.Length).Where(i => mask[i] == 1)];
            return new Input(json.GetProperty("name").GetString()!, [.. slots.Select(i => ids[i])], slots);
        }
    }
}
