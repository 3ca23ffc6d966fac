using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Models;
using IlZo.Perturbations;

namespace IlZo.Core.Tests.Models;

/// <summary>A model of some folder on two threads.</summary>
internal sealed class LoadedModel(string folder) : IDisposable
{
    private readonly CpuBackend _backend = new(2);

    public LanguageModel Model { get; } = ModelLoader.Load(folder);

    /// <summary>Room for the keys and values of one text.</summary>
    public KeyValueCache CreateCache(int capacity) => _backend.CreateCache(Model.Shape.Layers, Model.Shape.KeyFeatures, capacity);

    /// <summary>The logits of every token, row after row.</summary>
    /// <param name="ids">A text, or its continuation.</param>
    /// <param name="cache">Keys and values of what comes before it.</param>
    /// <param name="position">How many tokens come before it.</param>
    public float[] Logits(int[] ids, KeyValueCache? cache = null, int position = 0)
    {
        var builder = new TokenBatchBuilder();
        int segment = builder.AddText(ids, position);
        for (int i = 0; i < ids.Length; i++)
        {
            builder.Read(segment, i);
        }

        var batch = builder.Build();
        var pass = _backend.Begin(batch, [Probe.Unperturbed], cache);
        float[] logits = new float[ids.Length * Model.Head.Rows];
        pass.Logits(Model.Forward(pass), Model.Head, logits);
        return logits;
    }

    public void Dispose()
    {
        _backend.Dispose();
        Model.Dispose();
    }
}
