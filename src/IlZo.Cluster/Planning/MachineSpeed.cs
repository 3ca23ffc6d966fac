namespace IlZo.Clusters.Planning;

/// <summary>What a machine does with a step, in seconds.</summary>
/// <param name="Name">Its name.</param>
/// <param name="PerWeightToken">For a weight and a token at two points, forwards: 4 operations.</param>
/// <param name="PerWeight">For a weight of a step whatever the tokens: noise, widening, packing; without the update.</param>
/// <param name="Update">For a weight in an update, whatever the directions: reading, rounding, writing.</param>
/// <param name="UpdateDirection">For a weight and a direction of an update: generating its noise again.</param>
/// <param name="Source">Where the numbers are from.</param>
public sealed record MachineSpeed(
    string Name, double PerWeightToken, double PerWeight, double Update, double UpdateDirection, string Source)
{
    /// <summary>The machines that a plan can be for.</summary>
    public static IReadOnlyList<MachineSpeed> All { get; } =
    [
        new("cpu", 4 / 4.6e11, 0.45e-9, 0.35e-9, 0.10e-9, "two cores of a Zen 5 server in fp32, measured: bench/README.md"),
        new("h100", 4 / 1.0e14, 2e-12, 0.7e-12, 0.3e-12, "100 TFLOP/s in bf16x3 and 3 ps a weight, assumed: no card was measured"),
    ];

    /// <summary>A machine by its name.</summary>
    /// <exception cref="InvalidInputException">There is none.</exception>
    public static MachineSpeed Of(string name) => All.FirstOrDefault(m => m.Name == name) ?? throw new InvalidInputException(
        $"--device is '{name}'; {string.Join(" or ", All.Select(m => m.Name))} was expected for a plan.");
}
