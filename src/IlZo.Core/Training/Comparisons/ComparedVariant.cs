using System.Globalization;
using IlZo.Optimizers;
using IlZo.Perturbations;

namespace IlZo.Training;

/// <summary>A method as it is compared: alone, or with settings of its own, as in <c>mezo:queries=3</c>.</summary>
/// <param name="Name">The text that it was written as.</param>
/// <param name="Optimizer">The method.</param>
/// <param name="Settings">Its settings and their values.</param>
internal sealed record ComparedVariant(string Name, string Optimizer, IReadOnlyList<(string Name, string Value)> Settings)
{
    private static readonly Dictionary<string, Func<TrainingOptions, string, TrainingOptions>> s_ofTraining = new()
    {
        ["queries"] = (o, v) => o with { Queries = Number<int>("queries", v) },
        ["sides"] = (o, v) => o with { Sides = Number<int>("sides", v) },
        ["directions"] = (o, v) => o with { Directions = DirectionWords.Instance.Parse(v) },
        ["clip"] = (o, v) => o with { Clip = Number<double>("clip", v) },
        ["weight-decay"] = (o, v) => o with { WeightDecay = Number<double>("weight-decay", v) },
    };

    /// <summary>Reads a variant: the method, and settings with colons in front.</summary>
    /// <exception cref="InvalidInputException">A part is not name=value.</exception>
    public static ComparedVariant Parse(string text)
    {
        var parts = new List<string>();
        foreach (string part in text.Split(':'))
        {
            // A value may have colons itself, as in dizo:tensors=role:key+role:value.
            if (parts.Count > 1 && parts[^1].Contains('=') && !part.Contains('='))
            {
                parts[^1] += $":{part}";
            }
            else
            {
                parts.Add(part);
            }
        }

        var variant = new ComparedVariant(text, parts[0], [.. parts.Skip(1).Select(part => part.Split('=', 2) switch
        {
            [{ Length: > 0 } name, { Length: > 0 } value] => (name, value),
            _ => throw new InvalidInputException(
                $"{Setting.Optimizers} has '{text}'; a method, or a method with settings as in mezo:queries=3, was expected."),
        })]);
        return variant.Settings.DistinctBy(s => s.Name).Count() == variant.Settings.Count
            ? variant
            : throw new InvalidInputException($"{Setting.Optimizers} has '{text}', with a setting twice; each once was expected.");
    }

    /// <summary>The name of a variant of which an older report says less than one would now: with what was a default then.</summary>
    public static string Recorded(string name)
    {
        string[] parts = name.Split(':');
        var unsaid = (OptimizerCatalog.All.FirstOrDefault(m => m.Name == parts[0])?.ChangedDefaults ?? [])
            .Where(c => !parts.Any(p => p.StartsWith($"{c.Option}=", StringComparison.Ordinal)));
        return string.Join(':', [name, .. unsaid.Select(c => $"{c.Option}={c.First}")]);
    }

    /// <summary>Refuses a radius for methods of which none has one.</summary>
    /// <param name="variants">The methods.</param>
    /// <param name="training">What they share.</param>
    /// <param name="epsilon">A radius that is given beside that, or null.</param>
    /// <exception cref="InvalidInputException">There is one.</exception>
    public static void RequireRadius(IReadOnlyList<ComparedVariant> variants, TrainingOptions training, double? epsilon)
    {
        if ((epsilon ?? training.Epsilon) is { } radius
            && variants.All(v => !OptimizerCatalog.Find(v.Optimizer, training.Methods).HasRadius))
        {
            throw new InvalidInputException(FormattableString.Invariant(
                $"{Setting.Epsilon} is {radius}; none was expected, because no method here has a radius."));
        }
    }

    /// <summary>Options with this method and its settings; what is none of a training's is one of the method's own.</summary>
    /// <exception cref="InvalidInputException">A value cannot be used.</exception>
    public TrainingOptions Apply(TrainingOptions options)
    {
        options = options with { Optimizer = Optimizer };
        if (!options.Method.HasRadius)
        {
            // The radius is that of the methods that have one.
            options = options with { Epsilon = null };
        }

        var own = new List<string>();
        foreach (var (name, value) in Settings)
        {
            if (s_ofTraining.TryGetValue(name, out var apply))
            {
                options = apply(options, value);
            }
            else
            {
                own.Add($"{name}={value}");
            }
        }

        return own.Count == 0 ? options : options with { Opt = MethodOptions.Parse(string.Join(',', own)).ToString() };
    }

    private static T Number<T>(string name, string text)
        where T : struct, System.Numerics.INumber<T> =>
        T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new InvalidInputException($"{Setting.Optimizers} has {name}={text}; a number was expected.");
}
