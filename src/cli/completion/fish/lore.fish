# Completion of lore in fish. What there is to offer, lore itself says.

function __lore_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    type -q -- $program; or set program lore
    for line in ($program complete $words[2..-1] "$word" 2>/dev/null)
        set -l path (string replace -r '^--[^=]*=' '' -- "$word")
        set -l before (string replace -r -f '^(--[^=]*=).*' '$1' -- "$word")
        switch $line
            case :directory
                for found in (__fish_complete_directories "$path" '')
                    echo "$before$found"
                end
            case :file
                for found in (__fish_complete_path "$path")
                    echo "$before$found"
                end
            case :study
                __fish_complete_suffix .yaml
            case '*'
                echo $line
        end
    end
end

complete -c lore -f -a '(__lore_complete)'
