using System.Text;
using IlZo.Datasets;
using IlZo.Files;
using IlZo.Tasks;

namespace IlZo.Generation;

/// <summary>A prompt to continue.</summary>
/// <param name="Where">What messages call it.</param>
/// <param name="Text">The text.</param>
internal sealed record PromptInput(string Where, string Text);

/// <summary>
/// The prompts of a file: a row each in any form that rows can have (docs/data.md), with a column <c>prompt</c>, or a line each.
/// </summary>
internal static class PromptInputs
{
    /// <summary>What stands for standard input in the place of a file.</summary>
    public const string StandardInput = "-";

    private const string Column = "prompt";

    /// <summary>Reads a file by its ending; one that ends otherwise, and standard input, has JSON or a prompt in each line.</summary>
    /// <param name="path">The file, or <see cref="StandardInput"/>.</param>
    /// <param name="open">Opens standard input.</param>
    /// <exception cref="InvalidInputException">It cannot be read, has no prompts, or a row has none.</exception>
    public static IReadOnlyList<PromptInput> Read(string path, Func<Stream> open)
    {
        string name = path == StandardInput ? "standard input" : path;
        List<PromptInput> prompts;
        if (path != StandardInput && RowSource.Extensions.Contains(TextFile.ContentExtension(path)))
        {
            prompts = Rows(RowSource.Open(path));
        }
        else
        {
            var reader = path == StandardInput ? new JsonlReader(open(), name) : JsonlReader.Open(path);
            prompts = reader.FirstByte() == (byte)'{' ? Rows(new JsonlRows(reader)) : Lines(reader);
        }

        return prompts.Count > 0 ? prompts : throw new InvalidInputException($"{name}: has no lines; a prompt in each was expected.");
    }

    private static List<PromptInput> Rows(RowSource source)
    {
        using (source)
        {
            var prompts = new List<PromptInput>();
            while (source.Next() is { } row)
            {
                prompts.Add(new PromptInput(row.Where, row.Text(Column)));
            }

            return prompts;
        }
    }

    private static List<PromptInput> Lines(JsonlReader reader)
    {
        using (reader)
        {
            var prompts = new List<PromptInput>();
            while (reader.Read())
            {
                prompts.Add(new PromptInput(reader.Where, Encoding.UTF8.GetString(reader.Line.Span).TrimStart('\uFEFF').TrimEnd('\r')));
            }

            return prompts;
        }
    }
}
