using IlZo.Adapters;
using IlZo.Backends.Cpu;
using IlZo.Models;

namespace IlZo.Core.Tests;

/// <summary>Saves adapters that change what a model writes.</summary>
internal static class TestAdapters
{
    /// <summary>Writes LoRA on all linear layers with random factors.</summary>
    public static string SaveLora(string model, string folder, int seed)
    {
        using var loaded = ModelLoader.Load(model);
        AdapterFactory.Attach(loaded, new AdapterOptions("lora") { Targets = "all-linear", Rank = 4, Alpha = 4 }, null);
        var random = new Random(seed);
        foreach (var tensor in loaded.Adapter!.Parameters)
        {
            foreach (ref float value in Adapter.Values(tensor))
            {
                value = (random.NextSingle() - 0.5f) * 0.4f;
            }
        }

        loaded.SaveTrained(folder);
        return folder;
    }

    /// <summary>Writes a prefix of random tokens, after which texts begin.</summary>
    public static string SavePrefix(string model, string folder)
    {
        using var loaded = ModelLoader.Load(model);
        using var backend = new CpuBackend(1);
        AdapterFactory.Attach(loaded, new AdapterOptions("prefix") { PrefixPositions = PrefixPositions.Shifted }, backend);
        loaded.SaveTrained(folder);
        return folder;
    }
}
