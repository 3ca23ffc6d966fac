using System.Text;
using System.Text.Json;
using IlZo.Tasks;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Datasets;

/// <summary>JSON as <see cref="TemplateValue"/> has it, without names that stand twice.</summary>
internal static class JsonValues
{
    /// <summary>A value.</summary>
    /// <param name="json">The value.</param>
    /// <param name="error">A refusal from the rest of its sentence.</param>
    /// <exception cref="InvalidInputException">A name stands twice in an object.</exception>
    public static object? Of(JsonElement json, Func<string, InvalidInputException> error)
    {
        RefuseDuplicates(json, error);
        return TemplateValue.FromJson(json);
    }

    /// <summary>The value that a text writes.</summary>
    /// <inheritdoc cref="Of"/>
    public static object? Parse(string text, Func<string, InvalidInputException> error)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        try
        {
            if (JsonlReader.HasLoneSurrogate(bytes))
            {
                throw error("holds an escape that is half of a surrogate pair; Unicode text was expected");
            }

            using var document = JsonDocument.Parse(bytes);
            return Of(document.RootElement, error);
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(error("is text that is not JSON, which was expected").Message, e);
        }
    }

    private static void RefuseDuplicates(JsonElement value, Func<string, InvalidInputException> error)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray())
            {
                RefuseDuplicates(item, error);
            }
        }
        else if (value.ValueKind == JsonValueKind.Object)
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (var member in value.EnumerateObject())
            {
                if (!names.Add(member.Name))
                {
                    throw error($"has \"{member.Name}\" twice; every name once was expected");
                }

                RefuseDuplicates(member.Value, error);
            }
        }
    }
}
