namespace IlZo.Optimizers;

/// <summary>What every method takes.</summary>
/// <param name="Seed">The run's seed.</param>
/// <param name="Epsilon">The perturbation radius.</param>
/// <param name="WeightDecay">Coupled weight decay.</param>
/// <param name="Queries">Directions a step.</param>
public sealed record OptimizerSettings(ulong Seed, double Epsilon, double WeightDecay, int Queries);

/// <summary>The methods by name. A new one is a file beside the others and a line here.</summary>
public static class OptimizerCatalog
{
    private static readonly (string Name, string Description, Func<OptimizerSettings, Optimizer> Create)[] s_methods =
    [
        (
            "mezo",
            "two-point SPSA with SGD (Malladi et al. 2023): 2 forwards a step and query, no state",
            s => new Optimizer(s.Seed, new Spsa(s.Seed, s.Epsilon, s.Queries), new Sgd(s.WeightDecay))),
    ];

    /// <summary>Name and description of each method.</summary>
    public static IReadOnlyList<(string Name, string Description)> All { get; } = [.. s_methods.Select(m => (m.Name, m.Description))];

    /// <exception cref="InvalidInputException">There is no such method.</exception>
    public static Optimizer Create(string name, OptimizerSettings settings)
    {
        foreach (var method in s_methods)
        {
            if (method.Name == name)
            {
                return method.Create(settings);
            }
        }

        throw new InvalidInputException($"There is no optimizer '{name}'; one of these was expected: {string.Join(", ", s_methods.Select(m => m.Name))}.");
    }
}
