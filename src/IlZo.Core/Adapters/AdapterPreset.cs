using IlZo.Models;

namespace IlZo.Adapters;

/// <summary>A learning rate and a radius that suit mezo with an adapter.</summary>
/// <param name="LearningRate">The rate.</param>
/// <param name="Epsilon">The radius: larger than for weights, because the numbers of an adapter are fewer and, for a prefix, larger.</param>
public sealed record AdapterPreset(double LearningRate, double Epsilon)
{
    /// <summary>
    /// The preset for a kind of adapter. Radii, and rates for models other than the built-in one, are those of MeZO's runs with OPT-13B
    /// (arXiv 2305.17333, appendix); rates for the built-in model were searched for, see docs/adapters.md.
    /// </summary>
    /// <param name="adapter">As in <see cref="AdapterOptions"/>; for a folder, that of its kind.</param>
    /// <param name="model">What the user calls the model.</param>
    public static AdapterPreset Of(string adapter, string model)
    {
        bool builtIn = model == ModelLoader.BuiltIn;
        return IsPrefix(adapter) ? new(builtIn ? 0.3 : 1e-2, 1e-1) : new(builtIn ? 1e-3 : 5e-5, 1e-2);
    }

    private static bool IsPrefix(string adapter)
    {
        if (adapter is AdapterOptions.Lora or AdapterOptions.Prefix || !Directory.Exists(adapter))
        {
            return adapter == AdapterOptions.Prefix;
        }

        using var saved = PeftFolder.Open(adapter);
        return !saved.IsLora;
    }
}
