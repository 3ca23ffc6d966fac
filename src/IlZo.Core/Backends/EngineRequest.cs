namespace IlZo.Backends;

/// <summary>
/// An engine and a precision as they are asked for: names, whose meaning is known when the device is (<see cref="IBackend.Engine"/>).
/// </summary>
/// <param name="Engine">auto, managed or amx on the CPU, auto or cuda on a GPU.</param>
/// <param name="Precision">auto (the engine's own), fp32, bf16x3, bf16, or fp16 on a GPU.</param>
public sealed record EngineRequest(string Engine = EngineRequest.Auto, string Precision = EngineRequest.Auto)
{
    /// <summary>Leaves the choice to the device.</summary>
    public const string Auto = "auto";

    /// <summary>Whether it is to train, for which bf16 is not exact enough.</summary>
    public bool IsForTraining { get; init; }

    /// <summary>Checks the names, without asking what this machine has.</summary>
    /// <param name="kind">The kind of device; null where it is not known yet.</param>
    /// <exception cref="InvalidInputException">
    /// A name is unknown, no device of that kind has that engine in that precision, or it is not for training.
    /// </exception>
    internal void Validate(DeviceKind? kind = null)
    {
        string where = kind switch
        {
            DeviceKind.Cpu => " on the CPU",
            DeviceKind.Cuda => " on a GPU",
            _ => string.Empty,
        };
        string[] engines = kind switch
        {
            DeviceKind.Cpu => [Auto, EngineName.Managed, EngineName.Amx],
            DeviceKind.Cuda => [Auto, EngineName.Cuda],
            _ => [Auto, EngineName.Managed, EngineName.Amx, EngineName.Cuda],
        };
        Require(Setting.Engine, Engine, where, engines, kind is null ? EngineName.Cuda : null);
        where = Engine == Auto ? where : $" with {Setting.Engine} {Engine}";
        string[] precisions = (Engine, kind) switch
        {
            (EngineName.Managed, _) => [Auto, PrecisionName.Fp32],
            (EngineName.Amx, _) => [Auto, PrecisionName.SplitBFloat16, PrecisionName.BFloat16],
            (Auto, DeviceKind.Cpu) => [Auto, PrecisionName.Fp32, PrecisionName.SplitBFloat16, PrecisionName.BFloat16],
            _ => [Auto, PrecisionName.Fp32, PrecisionName.SplitBFloat16, PrecisionName.Float16, PrecisionName.BFloat16],
        };
        if (IsForTraining && precisions.Contains(PrecisionName.BFloat16))
        {
            precisions = [.. precisions.Where(p => p != PrecisionName.BFloat16)];
            where = Precision == PrecisionName.BFloat16 ? ", whose rounding changes projected gradients by some ten percent" : where;
        }

        Require(Setting.Precision, Precision, where, precisions, (Engine, kind) == (Auto, null) ? PrecisionName.Float16 : null);
    }

    // Where the kind of device is not known yet, the list says which name is for a GPU alone.
    private static void Require(string option, string name, string where, string[] names, string? gpuOnly)
    {
        if (!names.Contains(name))
        {
            string[] expected = [.. names.Select(n => n == gpuOnly ? $"{n} (on a GPU)" : n)];
            throw new InvalidInputException(
                $"{option} is '{name}'{where}; {string.Join(", ", expected[..^1])} or {expected[^1]} was expected.");
        }
    }
}
