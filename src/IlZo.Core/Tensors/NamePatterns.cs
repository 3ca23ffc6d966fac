using System.Text;
using System.Text.RegularExpressions;

namespace IlZo.Tensors;

/// <summary>
/// Chooses tensors by their roles (<see cref="RoleWords"/>), or by patterns over their names: <c>*</c> stands for any characters, <c>?</c>
/// for one, <c>[0-3]</c> for one of a set and <c>[!0-3]</c> for one outside it; everything else for itself. A pattern has to match the
/// whole name.
/// </summary>
internal static class NamePatterns
{
    private const int NamesInMessages = 4;

    /// <summary>Trains the tensors that one list of patterns names, or all, but those that another names.</summary>
    /// <param name="parameters">The set, in which what is trained so far is what there is to choose from.</param>
    /// <param name="trainOnly">Patterns and roles with commas between them, or null for all.</param>
    /// <param name="freeze">Patterns and roles with commas between them, or null for none.</param>
    /// <exception cref="InvalidInputException">A pattern matches no tensor or is not well-formed, or nothing is left to train.</exception>
    public static void Choose(ParameterSet parameters, string? trainOnly, string? freeze)
    {
        var candidates = parameters.Trained;
        var wanted = trainOnly is null ? [.. candidates] : Find(candidates, Setting.TrainOnly, trainOnly);
        wanted.ExceptWith(freeze is null ? [] : Find(candidates, Setting.Freeze, freeze));
        if (wanted.Count == 0)
        {
            throw new InvalidInputException(
                $"{Setting.TrainOnly} and {Setting.Freeze} leave no tensor to train; at least one was expected.");
        }

        parameters.Train(wanted.Contains);
    }

    /// <summary>The tensors that patterns and roles choose.</summary>
    /// <param name="candidates">What there is to choose from.</param>
    /// <param name="option">Where the patterns come from, for messages.</param>
    /// <param name="patterns">Patterns and roles with commas between them.</param>
    /// <exception cref="InvalidInputException">A pattern matches no tensor or is not well-formed.</exception>
    public static HashSet<Parameter> Find(IReadOnlyList<Parameter> candidates, string option, string patterns)
    {
        var matches = new HashSet<Parameter>();
        foreach (string pattern in patterns.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            Parameter[] found = RoleWords.Find(pattern, option) is { } role
                ? OfRole(candidates, option, pattern, role)
                : Named(candidates, option, pattern);

            matches.UnionWith(found);
        }

        return matches.Count > 0
            ? matches
            : throw new InvalidInputException($"{option} is '{patterns}'; patterns with commas between them were expected.");
    }

    private static Parameter[] OfRole(IReadOnlyList<Parameter> candidates, string flag, string pattern, Predicate<TensorRole> role)
    {
        Parameter[] found = [.. candidates.Where(p => role(p.Role))];
        return found.Length > 0
            ? found
            : throw new InvalidInputException(
                $"{flag} has '{pattern}', which is the role of no tensor; {RoleWords.Prefix} and one of "
                + $"{string.Join(", ", RoleWords.Of(candidates.Select(p => p.Role)))} was expected.");
    }

    private static Parameter[] Named(IReadOnlyList<Parameter> candidates, string flag, string pattern)
    {
        var expression = Compile(flag, pattern);
        Parameter[] found = [.. candidates.Where(p => expression.IsMatch(p.Name))];
        return found.Length > 0
            ? found
            : throw new InvalidInputException(
                $"{flag} has '{pattern}', which matches no tensor; a pattern for names such as "
                + $"{string.Join(", ", Examples(candidates).Select(p => p.Name))} was expected.");
    }

    // From all over the model, not only its first layer.
    private static IEnumerable<Parameter> Examples(IReadOnlyList<Parameter> candidates)
    {
        int count = Math.Min(NamesInMessages, candidates.Count);
        return Enumerable.Range(0, count).Select(i => candidates[i * candidates.Count / count]);
    }

    private static Regex Compile(string flag, string pattern)
    {
        var expression = new StringBuilder(@"\A");
        for (int i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '*':
                    expression.Append(".*");
                    break;
                case '?':
                    expression.Append('.');
                    break;
                case '[':
                    int end = pattern.IndexOf(']', i);
                    string set = end > i + 1 ? pattern[(i + 1)..end] : throw Malformed(flag, pattern);
                    expression.Append(set[0] == '!' ? "[^" : "[").Append(Escape(set.TrimStart('!'))).Append(']');
                    i = end;
                    break;
                default:
                    expression.Append(Regex.Escape(pattern[i].ToString()));
                    break;
            }
        }

        try
        {
            return new Regex(expression.Append(@"\z").ToString(), RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (ArgumentException)
        {
            throw Malformed(flag, pattern);
        }
    }

    // Of what has a meaning inside a set only the dash keeps it.
    private static string Escape(string set) => set.Replace(@"\", @"\\").Replace("[", @"\[").Replace("^", @"\^");

    private static InvalidInputException Malformed(string flag, string pattern) => new(
        $"{flag} has '{pattern}', in which a set is not well-formed; a pattern such as *layers.1[0-1].* was expected.");
}
