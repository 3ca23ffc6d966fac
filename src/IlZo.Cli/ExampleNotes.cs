using IlZo.Training;

namespace IlZo.Cli;

/// <summary>What the user is told about examples that are not as they were written.</summary>
internal static class ExampleNotes
{
    /// <summary>
    /// Says how many rows were left out and how many texts were cut, where there are any, and what else there is to say of the rows.
    /// </summary>
    public static void Say(TrainingExamples examples)
    {
        foreach (string note in examples.Notes)
        {
            Terminal.Say(note);
        }

        if (examples.SkippedRows > 0)
        {
            Terminal.Say($"skipped rows: {examples.SkippedRows}; the first: {examples.FirstProblem}");
        }

        int cut = examples.Train.Concat(examples.Dev).Concat(examples.Test).Count(e => e.Truncated);
        if (cut > 0)
        {
            Terminal.Say($"truncated examples: {cut} were longer than --max-length and lost the beginning of their prompt");
        }
    }
}
