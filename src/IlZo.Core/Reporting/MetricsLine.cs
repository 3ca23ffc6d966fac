namespace IlZo.Reporting;

/// <summary>A field of a line of <c>metrics.jsonl</c> besides its step.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its number; not a number for null, and 1 or 0 for a flag.</param>
/// <param name="IsFlag">Whether it is true or false.</param>
internal readonly record struct MetricsField(string Name, double Value, bool IsFlag = false);

/// <summary>A line of <c>metrics.jsonl</c>.</summary>
/// <param name="Step">The step it is about.</param>
/// <param name="Fields">Its other fields, in their order.</param>
internal readonly record struct MetricsLine(long Step, IReadOnlyList<MetricsField> Fields)
{
    /// <summary>The value of a field; null where the line does not have it.</summary>
    public double? this[string name]
    {
        get
        {
            foreach (var field in Fields)
            {
                if (field.Name == name)
                {
                    return field.Value;
                }
            }

            return null;
        }
    }
}
